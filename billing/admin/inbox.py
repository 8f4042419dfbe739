"""The inbox in the admin: what providers told us, what became of it, and the way to have it handled again."""

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.admin.pages import ShopAdmin, moment
from billing.models import InboxEvent, Provider
from billing.services import inbox
from billing.tasks import handle_event, nudge

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# A page shows no more of a body than a person would read.
LONGEST_SHOWN = 100_000


class UnhandledFilter(admin.SimpleListFilter):
    """What nobody has handled yet."""

    title = _("handled")
    parameter_name = "handled"

    def lookups(self, request: HttpRequest, model_admin: object) -> "list[tuple[str, StrPromise]]":
        """Offer what waits: the rest is nearly everything."""
        return [("no", _("waiting"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboxEvent]) -> QuerySet[InboxEvent]:
        """Keep what waits."""
        return queryset.filter(handle_at__isnull=False) if self.value() == "no" else queryset


@admin.register(InboxEvent)
class InboxEventAdmin(ShopAdmin):
    """Lists name events only. What they say, with the buyer's data, stands on the page of each."""

    list_display = ["kind", "event_id", "order", "received_at", "deliveries", "outcome", "attempts"]
    list_select_related = ["order"]
    list_filter = [UnhandledFilter]
    search_fields = ["event_id", "order__reference"]
    search_within = {"event_id": {"provider__in": Provider.values}}
    search_help_text = _("The whole id of an event, or the whole reference of an order.")
    fields = [
        "provider", "event_id", "kind", "order", "sent_at", "received_at", "deliveries", "handled_at",
        "outcome", "tried_next", "attempts", "last_error", "pretty_body",
    ]  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        """Add the act to the admin's own pages."""
        act = self.admin_site.admin_view(require_POST(self.replay))
        return [path("<int:pk>/replay/", act, name="billing_inboxevent_replay"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboxEvent]:
        """Leave the bodies where they are until a page asks for one."""
        return super().get_queryset(request).defer("body")

    def replay(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have the event handled once more. What it did before, it does not do twice."""
        event = self.row(request, pk, right="billing.replay_event")
        inbox.replay(event.pk)
        nudge(handle_event, event.pk)
        said = _("A worker handles it at once. Reload this page to see what came of it.")
        return self.done(request, event, said, logged=gettext("Handled again."))

    @admin.display(description=_("tried next"))
    def tried_next(self, event: InboxEvent) -> str:
        """Return when it is to be handled."""
        return moment(event.handle_at)

    @admin.display(description=_("body"))
    def pretty_body(self, event: InboxEvent) -> SafeString:
        """Return what the provider said, as JSON in lines, or as it came when it is none."""
        return in_lines(bytes(event.body))


def in_lines(body: bytes) -> SafeString:
    """Return what a provider said, as JSON in lines, or as it came when it is none."""
    text = body.decode(errors="replace")
    with suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return format_html('<pre class="told">{}</pre>', text[:LONGEST_SHOWN])
