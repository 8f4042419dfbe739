"""Mails of orders in the admin: which are owed, which were sent, and the way to send one again."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.admin.pages import ShopAdmin, moment
from billing.models import OrderMail
from billing.services import mailing
from billing.tasks import nudge, send_mail

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class UnsentFilter(admin.SimpleListFilter):
    """What is still to be sent."""

    title = _("sent")
    parameter_name = "sent"

    def lookups(self, request: HttpRequest, model_admin: object) -> "list[tuple[str, StrPromise]]":
        """Offer what waits."""
        return [("no", _("waiting"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OrderMail]) -> QuerySet[OrderMail]:
        """Keep what waits."""
        return queryset.filter(send_at__isnull=False) if self.value() == "no" else queryset


@admin.register(OrderMail)
class OrderMailAdmin(ShopAdmin):
    """A mail is written when it is sent: there is no text to show, and so no link to steal."""

    list_display = ["kind", "order", "recipient", "sent_at", "attempts", "last_error"]
    list_select_related = ["order"]
    list_filter = [UnsentFilter]
    search_fields = ["order__reference", "order__email"]
    search_help_text = _("An order's whole reference or e-mail address.")
    fields = [
        "kind", "order", "recipient", "created_at", "sent_at", "tried_next", "attempts", "last_error",
    ]  # fmt: skip

    @admin.display(description=_("tried next"))
    def tried_next(self, mail: OrderMail) -> str:
        """Return when it is to be sent."""
        return moment(mail.send_at)

    def get_urls(self) -> list[URLPattern]:
        """Add the act to the admin's own pages."""
        act = self.admin_site.admin_view(require_POST(self.send_again))
        return [path("<int:pk>/send/", act, name="billing_ordermail_send"), *super().get_urls()]

    def send_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send the mail once more, to the address that it was for."""
        mail = self.row(request, pk, right="billing.change_ordermail")
        mailing.send_again(mail)
        nudge(send_mail, mail.pk)
        said = _("The mail is on its way. Reload this page to see what came of it.")
        return self.done(request, mail, said, logged=gettext("Sent the mail again."))
