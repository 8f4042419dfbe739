"""The form of an API key: its name, and all that limits what it may do."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey
from ledger.errors import LimitRefused
from ledger.forms import UsdField
from ledger.models.accounts import FASTEST_RATE
from ledger.services import key_limits
from ledger.services.key_limits import KeyLimits
from portal import refusals

# Long enough for as many networks as a key can have, each with room to spare.
LONGEST_NETWORKS = 2_000
# Of a limit, unless the owner wants it otherwise.
USUAL_ALERT_PERCENT = 80
INSTANT = timedelta(microseconds=1)


class KeyForm(forms.Form):
    """A key that is made, or changed. Its fields of limits are named as the columns."""

    name = forms.CharField(
        label=_("Name"),
        max_length=ApiKey._meta.get_field("name").max_length,
        help_text=_("Where you will use it, for example “Laptop”. Only you see it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    monthly_limit_nano_usd = UsdField(
        label=_("May spend in a month, in USD"),
        required=False,
        min_value=0,
        help_text=_("Calls beyond it are refused until the next month begins."),
    )
    daily_limit_nano_usd = UsdField(label=_("May spend in a day, in USD"), required=False, min_value=0)
    total_limit_nano_usd = UsdField(
        label=_("May spend in all, in USD"),
        required=False,
        min_value=0,
        help_text=_("What it has spent already counts."),
    )
    alert_percent = forms.IntegerField(
        label=_("Warn me at, in percent of a limit"),
        required=False,
        help_text=_("You then get a mail, and the key is marked here and on the dashboard."),
        min_value=1,
        max_value=100,
        initial=USUAL_ALERT_PERCENT,
    )
    requests_per_minute = forms.IntegerField(
        label=_("Calls a minute"), required=False, min_value=1, max_value=FASTEST_RATE
    )
    expires_on = forms.DateField(
        label=_("Works until"),
        required=False,
        help_text=_("The last day on which the key works. Leave it empty for a key that does not expire."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    allowed_models = forms.TypedMultipleChoiceField(
        label=_("Only these models"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_("Tick none to allow all of them, also those that come later."),
        widget=forms.CheckboxSelectMultiple,
    )
    allowed_networks = forms.CharField(
        label=_("Only from these networks"),
        required=False,
        max_length=LONGEST_NETWORKS,
        help_text=_("One a line, such as 203.0.113.0/24 or a single address. Leave it empty to allow all."),
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
    )

    LIMITS = (
        "monthly_limit_nano_usd", "daily_limit_nano_usd", "total_limit_nano_usd", "alert_percent",
        "requests_per_minute", "expires_on", "allowed_models", "allowed_networks",
    )  # fmt: skip

    def __init__(self, typed: Mapping[str, Any] | None = None, *, api_key: ApiKey | None = None) -> None:
        limits = key_limits.of(api_key.allowance) if api_key else KeyLimits()
        shown = {"initial": _as_typed(api_key, limits), "auto_id": f"id_{api_key.pk}_%s"} if api_key else {}
        super().__init__(typed, **shown)  # type: ignore[arg-type]  # which of the two it is, mypy cannot see
        self.fields["allowed_models"].choices = key_limits.models_to_choose(limits)  # type: ignore[attr-defined]
        self._old_end = api_key.expires_at if api_key else None

    def clean_expires_on(self) -> datetime | None:
        """Return the moment at which the chosen day ends; refuse a day that is over, unless it was there."""
        last_day: date | None = self.cleaned_data["expires_on"]
        if last_day is None:
            return None
        if self._old_end is not None and last_day == _last_day(self._old_end):
            return self._old_end
        if last_day < timezone.localdate():
            raise forms.ValidationError(_("This day is over. Choose today or a later day."))
        return timezone.make_aware(datetime.combine(last_day + timedelta(days=1), time.min))

    def clean_allowed_networks(self) -> tuple[str, ...] | None:
        """Return the networks, or None when none is typed; name a line that is no network."""
        lines = [line for line in self.cleaned_data["allowed_networks"].splitlines() if line.strip()]
        try:
            return key_limits.plain_networks(lines) if lines else None
        except LimitRefused as refusal:
            raise forms.ValidationError(refusals.worded(refusal).sentence) from refusal

    @property
    def described(self) -> dict[str, Any]:
        """Return what the key is called and until when it works."""
        return {"name": self.cleaned_data["name"], "expires_at": self.cleaned_data["expires_on"]}

    @property
    def limits(self) -> KeyLimits:
        """Return the limits that were typed."""
        typed = self.cleaned_data
        models = typed["allowed_models"]
        return KeyLimits(
            total_limit_nano_usd=typed["total_limit_nano_usd"],
            monthly_limit_nano_usd=typed["monthly_limit_nano_usd"],
            daily_limit_nano_usd=typed["daily_limit_nano_usd"],
            requests_per_minute=typed["requests_per_minute"],
            allowed_models=None if models is None else tuple(models),
            allowed_networks=typed["allowed_networks"],
            alert_percent=typed["alert_percent"],
        )

    @property
    def limit_fields(self) -> list[forms.BoundField]:
        """Return the fields that stand under "Limits", in their order."""
        return [self[name] for name in self.LIMITS]


def _as_typed(api_key: ApiKey, limits: KeyLimits) -> dict[str, Any]:
    return {
        **{name: getattr(limits, name) for name in KeyForm.LIMITS if hasattr(limits, name)},
        "name": api_key.name,
        "expires_on": _last_day(api_key.expires_at) if api_key.expires_at else None,
        "allowed_networks": "\n".join(limits.allowed_networks or ()),
    }


def _last_day(end: datetime) -> date:
    return timezone.localtime(end - INSTANT).date()
