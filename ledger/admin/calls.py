"""Calls in the admin: those that are open, the journal of those that ended, and its totals by day."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ledger.admin import amounts
from ledger.admin.amounts import AmountColumn
from ledger.admin.pages import BookAdmin
from ledger.models import DayTotal, Hold, UsageRecord

# What the journal is indexed by, besides the request.
WHOSE = {"account", "api_key"}


@admin.register(Hold)
class HoldAdmin(BookAdmin):
    """Calls that are open now, the one that expires next first."""

    list_display = ["id", "account", "api_key", "model", "amount", "created_at", "deadline_at"]
    list_select_related = ["account", "api_key", "model"]
    ordering = ["deadline_at"]
    search_fields = ["id"]
    search_help_text = _("The whole id of a request.")
    fields = [
        "id", "account", "api_key", "model", "is_free", "amount", "from_main", "from_backup", "from_wallet",
        "input_bound_tokens", "output_bound_tokens", "created_at", "deadline_at",
    ]  # fmt: skip

    amount = AmountColumn(
        _("held"), lambda hold: hold.main_nano_usd + hold.backup_nano_usd + hold.wallet_nano_usd
    )
    from_main = AmountColumn(_("from the main pool"), lambda hold: hold.main_nano_usd)
    from_backup = AmountColumn(_("from the backup pool"), lambda hold: hold.backup_nano_usd)
    from_wallet = AmountColumn(_("from the wallet"), lambda hold: hold.wallet_nano_usd)


@admin.register(UsageRecord)
class UsageRecordAdmin(BookAdmin):
    """The journal of one account or one key, the newest call first: no index lists it for the whole shop."""

    list_display = [
        "at", "api_key", "model", "outcome", "cost", "uncharged", "input_tokens", "cached_input_tokens",
        "cache_write_tokens", "output_tokens",
    ]  # fmt: skip
    list_select_related = ["api_key", "model"]
    ordering = ["-at"]
    search_fields = ["request_id", "account"]
    search_help_text = _("The whole id of a request, or an account's number.")
    fields = [
        "request_id", "outcome", "reserved_at", "at", "late_at", "day", "account", "api_key", "model",
        "rates", "is_free", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens",
        "reasoning_tokens", "is_estimated", "cost", "from_main", "from_backup", "from_wallet", "uncharged",
        "upstream_id",
    ]  # fmt: skip

    cost = AmountColumn(_("cost"), lambda call: call.cost_nano_usd)
    from_main = AmountColumn(_("from the main pool"), lambda call: call.main_nano_usd)
    from_backup = AmountColumn(_("from the backup pool"), lambda call: call.backup_nano_usd)
    from_wallet = AmountColumn(_("from the wallet"), lambda call: call.wallet_nano_usd)
    uncharged = AmountColumn(_("not charged"), lambda call: call.uncharged_nano_usd)

    @admin.display(description=_("input / cached input / cache write / output, per million tokens"))
    def rates(self, call: UsageRecord) -> str:
        """Return the prices that the call was charged at, and their version."""
        shown = {"prices": amounts.prices(call.rate.units), "number": call.rate.version}
        return _("%(prices)s (version %(number)s)") % shown

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[UsageRecord], search_term: str
    ) -> tuple[QuerySet[UsageRecord], bool]:
        """Find one call, or all of an account or a key, in the order of an index."""
        named = dict(self._columns_for(search_term.strip()))
        if named or (not search_term.strip() and WHOSE & request.GET.keys()):
            return queryset.filter(**named), False
        return queryset.none(), False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Ask whose calls are wanted as long as nobody has said."""
        changelist = super().get_changelist_instance(request)
        if not (changelist.query or WHOSE & request.GET.keys()):
            changelist.title = str(_("Whose calls? Search below, or come from an account."))
        return changelist

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Offer times within one account or key, and outcomes within a time: so no filter reads for long."""
        if "at__gte" in request.GET:
            return ["at", "outcome"]
        return ["at"] if {"q", *WHOSE} & request.GET.keys() else []


@admin.register(DayTotal)
class DayTotalAdmin(BookAdmin):
    """What accounts used of models, day by day."""

    list_display = [
        "day", "account", "model", "requests", "input_tokens", "cached_input_tokens", "cache_write_tokens",
        "output_tokens", "cost",
    ]  # fmt: skip
    list_select_related = ["account", "model"]
    search_fields = ["account"]
    search_help_text = _("An account's number.")
    fields = [
        "day", "account", "model", "requests", "input_tokens", "cached_input_tokens", "cache_write_tokens",
        "output_tokens", "reasoning_tokens", "cost",
    ]  # fmt: skip

    cost = AmountColumn(_("cost"), lambda total: total.cost_nano_usd)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Offer days within one account only: the days of all accounts have no index."""
        return ["day"] if {"q", "account"} & request.GET.keys() else []
