"""Entries with their postings, and lots: the books themselves, which nobody edits."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ledger.admin.amounts import AmountColumn
from ledger.admin.pages import BookAdmin, ShownInline
from ledger.models import Entry, Lot, Posting


class PostingInline(ShownInline):
    """The movements that an entry is made of."""

    model = Posting
    fields = ["source", "source_account", "destination", "destination_account", "amount"]

    amount = AmountColumn(_("amount"), lambda posting: posting.amount_nano_usd)


@admin.register(Entry)
class EntryAdmin(BookAdmin):
    """To be looked up by reference, by account, or by who made them."""

    list_display = ["reference", "kind", "movements", "amount", "note", "made_by", "created_at"]
    list_select_related = ["made_by"]
    search_fields = [
        "reference", "postings__source_account", "postings__destination_account", "made_by__email",
    ]  # fmt: skip
    search_help_text = _("A whole reference, an account's number, or the e-mail address of who made it.")
    fields = ["reference", "kind", "note", "made_by", "created_at"]
    inlines = [PostingInline]

    amount = AmountColumn(
        _("amount"), lambda entry: sum(posting.amount_nano_usd for posting in entry.postings.all())
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        """Read the postings of a whole page at once."""
        return super().get_queryset(request).prefetch_related("postings")

    @admin.display(description=_("from and to"))
    def movements(self, entry: Entry) -> SafeString:
        """Return where the value came from and where it went, a line for each posting."""
        ends = (
            (
                _place(posting.source, posting.source_account_id),
                _place(posting.destination, posting.destination_account_id),
            )
            for posting in entry.postings.all()
        )
        return format_html_join("", "<div>{} → {}</div>", ends)


@admin.register(Lot)
class LotAdmin(BookAdmin):
    """What came into a wallet and what was paid for it."""

    list_display = ["id", "account", "entry", "amount", "paid", "acquired_at"]
    list_select_related = ["account", "entry"]
    search_fields = ["account", "entry__reference"]
    search_help_text = _("An account's number, or the whole reference of an entry.")
    fields = ["account", "entry", "amount", "paid", "acquired_at"]

    amount = AmountColumn(_("credit"), lambda lot: lot.amount_nano_usd)

    @admin.display(description=_("paid"), empty_value="-")
    def paid(self, lot: Lot) -> str | None:
        """Return what the buyer paid, and at which rate."""
        if lot.paid_amount is None or lot.paid_units_per_usd is None:
            return None
        rate = f"{lot.paid_units_per_usd.normalize():f} {lot.paid_currency} = 1 USD"
        return f"{lot.paid_amount.normalize():f} {lot.paid_currency} ({rate})"


def _place(name: str, account_id: int | None) -> str:
    return f"{name} {account_id}" if account_id else name
