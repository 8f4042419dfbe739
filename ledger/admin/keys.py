"""Keys in the admin: what each has spent, of which account, and within which limits."""

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.admin.amounts import AmountColumn
from ledger.admin.pages import BookAdmin
from ledger.models import KeyAlert, KeyAllowance, LanguageModel
from ledger.services import key_limits
from ledger.services.key_limits import KeySpending


@admin.register(KeyAllowance)
class KeyAllowanceAdmin(BookAdmin):
    """What each key has spent, of which account, and what its owner allows it."""

    list_display = ["api_key", "account", "requests", "spent", "held"]
    list_select_related = ["api_key", "account"]
    search_fields = ["account", "api_key__key_id"]
    search_help_text = _("An account's number, or the 12 characters after “sk-”. Never a whole key.")
    fields = [
        "api_key", "account", "requests", "spent", "held", "total_limit", "monthly_limit", "spent_in_month",
        "daily_limit", "spent_today", "requests_per_minute", "models", "networks", "alert_percent",
    ]  # fmt: skip

    spent = AmountColumn(_("spent"), lambda allowance: allowance.spent_nano_usd)
    held = AmountColumn(_("held"), lambda allowance: allowance.held_nano_usd)
    total_limit = AmountColumn(_("total limit"), lambda allowance: allowance.total_limit_nano_usd)
    monthly_limit = AmountColumn(_("monthly limit"), lambda allowance: allowance.monthly_limit_nano_usd)
    daily_limit = AmountColumn(_("daily limit"), lambda allowance: allowance.daily_limit_nano_usd)
    spent_in_month = AmountColumn(_("spent this month"), lambda allowance: _spending(allowance).month)
    spent_today = AmountColumn(_("spent today"), lambda allowance: _spending(allowance).day)

    @admin.display(description=_("allowed models"))
    def models(self, allowance: KeyAllowance) -> str:
        """Return the names of the models that the key may use."""
        if allowance.allowed_models is None:
            return gettext("all")
        allowed = LanguageModel.objects.filter(pk__in=allowance.allowed_models).order_by("name")
        return ", ".join(allowed.values_list("name", flat=True))

    @admin.display(description=_("allowed networks"))
    def networks(self, allowance: KeyAllowance) -> str:
        """Return the networks from which the key may be used."""
        allowed = allowance.allowed_networks
        return gettext("all") if allowed is None else ", ".join(allowed)


@admin.register(KeyAlert)
class KeyAlertAdmin(BookAdmin):
    """Which owners were told that a limit is nearly reached, and which could not be."""

    list_display = ["api_key", "kind", "since", "limit", "spent", "sent_at", "attempts", "last_error"]
    list_select_related = ["api_key"]
    search_fields = ["api_key__key_id"]
    search_help_text = _("The 12 characters after “sk-”. Never a whole key.")
    fields = ["api_key", "kind", "since", "limit", "spent", "created_at", "sent_at", "attempts", "last_error"]

    limit = AmountColumn(_("limit"), lambda alert: alert.limit_nano_usd)
    spent = AmountColumn(_("spent"), lambda alert: alert.spent_nano_usd)


def _spending(allowance: KeyAllowance) -> KeySpending:
    return key_limits.spending(allowance, today=timezone.localdate())
