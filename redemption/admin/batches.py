"""Batches in the admin: ordered, watched while they are issued, downloaded once, voided; never edited."""

from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any, Self, cast

from asgiref.sync import sync_to_async
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.admin.lists import FastListAdmin
from accounts.models import User
from ledger.admin.amounts import AmountColumn
from redemption.admin.filters import OriginFilter
from redemption.admin.forms import OrderForm
from redemption.models import Batch, Code
from redemption.services import code_files, codes, downloads, issuing
from redemption.tasks import issue_batch, void_codes

PAGE = "admin/redemption/batch/change_form.html"


@admin.register(Batch)
class BatchAdmin(FastListAdmin):
    """Everything that the shop does with a batch, each act behind a permission of its own."""

    form = OrderForm
    list_display = [
        "name", "state", "issued", "value", "total", "plan", "expires_at", "issued_by", "created_at",
    ]  # fmt: skip
    list_select_related = ["issued_by"]
    list_filter = [OriginFilter, "state"]
    search_fields = ["id", "name"]
    search_help_text = _("A batch's number, or its whole name.")
    value = AmountColumn(_("value of each"), lambda batch: batch.value_nano_usd or None)
    total = AmountColumn(_("value of all"), lambda batch: batch.total_nano_usd or None)
    shown_fields = [
        "name", "value", "total", "plan", "codes_by_state", "expires", "note", "paid", "issued_by",
        "sold_through", "created_at", "downloaded_by", "downloaded_at", "expired_at", "voided_by",
        "voided_at",
    ]  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        """Add the acts to the admin's own pages."""
        acts = {"progress": require_GET(self.progress), "download": self.download, "void": self.void}
        return [
            path(f"<int:batch_id>/{name}/", self.admin_site.admin_view(view), name=f"redemption_batch_{name}")
            for name, view in acts.items()
        ] + super().get_urls()

    def progress(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        """Show how far the batch is: the part of its page that renews itself."""
        batch = self._batch(request, batch_id, act="view")
        return render(request, f"{PAGE}#progress", {"original": batch})

    def download(self, request: HttpRequest, batch_id: int) -> HttpResponse | StreamingHttpResponse:
        """Ask once, then hand the codes over: the only time that anybody sees them."""
        batch = self._batch(request, batch_id, act="download")
        code_file = code_files.FORMATS.get(request.POST.get("format", ""))
        if code_file is None:
            return self._ask(request, batch, "download", title=_("Download the codes"))
        parts = downloads.start(batch, code_file, by=_staff(request))
        self.log_change(request, batch, gettext("Began to download the codes."))
        return StreamingHttpResponse(
            _Awaited(parts) if isinstance(request, ASGIRequest) else parts,
            content_type=code_file.content_type,
            headers={
                "Content-Disposition": f'attachment; filename="codes-{batch.pk}.{code_file.extension}"',
                "Cache-Control": "no-store",
            },
        )

    def void(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        """Ask once, then make the codes worthless; a worker closes them one by one."""
        batch = self._batch(request, batch_id, act="void")
        if request.method != "POST":
            return self._ask(request, batch, "void", title=_("Void the codes"))
        codes.void_batch(batch, voided_by=_staff(request))
        self.log_change(request, batch, gettext("Voided the codes."))
        transaction.on_commit(partial(void_codes.delay, batch.pk), robust=True)
        self.message_user(
            request, _("The codes are void: nobody can redeem them any more."), messages.SUCCESS
        )
        return redirect("admin:redemption_batch_change", batch.pk)

    def save_model(self, request: HttpRequest, obj: Batch, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """Order the batch. A message that gets lost is made good by the sweep."""
        issuing.order_batch(obj, issued_by=_staff(request))
        transaction.on_commit(partial(issue_batch.delay, obj.pk), robust=True)

    def response_post_save_add(self, request: HttpRequest, obj: Batch) -> HttpResponseRedirect:
        """Go on to where the codes can be seen coming."""
        return redirect("admin:redemption_batch_change", obj.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow whoever may order batches."""
        return self._may(request, "add")

    def get_fields(self, request: HttpRequest, obj: Batch | None = None) -> list[Any]:
        """Ask for the order, or show what became of it so far."""
        if obj is None:
            return list(OrderForm.Meta.fields)
        left_out = {"value", "total", "paid"} if obj.is_of_plan else {"plan"}
        shown = [
            name
            for name in self.shown_fields
            if name not in left_out and getattr(obj, name, True) is not None
        ]
        return shown if obj.is_sold else [name for name in shown if name != "sold_through"]

    def get_readonly_fields(self, request: HttpRequest, obj: Batch | None = None) -> list[str]:
        """Open nothing of a batch that was ordered."""
        return self.get_fields(request, obj) if obj else []

    @admin.display(description=_("expires"))
    def expires(self, batch: Batch) -> str:
        """Return when the codes expire: the column itself would explain how to order."""
        if batch.expires_at is None:
            return "-"
        return date_format(timezone.localtime(batch.expires_at), "DATETIME_FORMAT")

    @admin.display(description=_("plan"))
    def plan(self, batch: Batch) -> str:
        """Return how many days of which plan each code gives."""
        if not batch.is_of_plan:
            return "-"
        words = ngettext("%(days)d day of %(plan)s", "%(days)d days of %(plan)s", batch.plan_days or 0)
        return words % {"days": batch.plan_days, "plan": batch.plan_slug}

    @admin.display(description=_("issued"))
    def issued(self, batch: Batch) -> str:
        """Return how many codes there are of those that were ordered."""
        return f"{batch.issued_count:,} / {batch.count:,}"

    @admin.display(description=_("paid for each"))
    def paid(self, batch: Batch) -> str:
        """Return what a buyer paid for one code, and at which rate."""
        if batch.price is None:
            return "-"
        amount, currency, rate = batch.price
        return f"{amount.normalize():f} {currency} ({rate.normalize():f} {currency} = 1 USD)"

    @admin.display(description=_("codes"))
    def codes_by_state(self, batch: Batch) -> SafeString:
        """Return how many codes are live, redeemed, voided and expired, each with the way to see them."""
        address = reverse("admin:redemption_code_changelist")
        counted = batch.codes.values_list("state").annotate(Count("pk")).order_by("state")
        links = (
            (f"{address}?batch={batch.pk}&state={state}", f"{count:,}", Code.State(state).label)
            for state, count in counted
        )
        return format_html_join(" · ", '<a href="{}">{} {}</a>', links) or SafeString("-")

    def _batch(self, request: HttpRequest, batch_id: int, *, act: str) -> Batch:
        """Return the batch if this person may do ``act`` with it."""
        if not self._may(request, act):
            raise PermissionDenied
        return get_object_or_404(Batch.objects.select_related("downloaded_by", "voided_by"), pk=batch_id)

    def _may(self, request: HttpRequest, act: str) -> bool:
        return request.user.has_perm(f"redemption.{act}_batch")

    def _ask(self, request: HttpRequest, batch: Batch, act: str, **context: Any) -> TemplateResponse:
        shown = {**self.admin_site.each_context(request), "opts": self.opts, "original": batch, **context}
        return TemplateResponse(request, f"admin/redemption/batch/{act}.html", shown)


def _staff(request: HttpRequest) -> User:
    """Return who asks; nobody else comes past the admin's door."""
    return cast("User", request.user)


class _Awaited:
    """The parts, for a server that awaits each.

    No generator: the response closes this one, however it ends, in the request's own thread and connection.
    """

    def __init__(self, parts: Generator[str, None, None]) -> None:
        self.close = parts.close
        self._next: Callable[[], Awaitable[str | None]] = sync_to_async(partial(next, parts, None))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        part = await self._next()
        if part is None:
            raise StopAsyncIteration
        return part
