"""What people type on our own pages: read forgivingly, judged by the services."""

from datetime import datetime, time, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey
from redemption.forms import typed_code

# Longer than any code with its spaces and dashes; whatever is longer is no code.
LONGEST_TYPED_CODE = 120


class RedeemForm(forms.Form):
    """A code as somebody copied or typed it."""

    code = typed_code(_("Redemption code"), max_length=LONGEST_TYPED_CODE)


class KeyForm(forms.Form):
    """A new API key: what it is called, and until when it works."""

    name = forms.CharField(
        label=_("Name"),
        max_length=ApiKey._meta.get_field("name").max_length,
        help_text=_("Where you will use it, for example “Laptop”. Only you see it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    expires_on = forms.DateField(
        label=_("Works until"),
        required=False,
        help_text=_("The last day on which the key works. Leave it empty for a key that does not expire."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def clean_expires_on(self) -> datetime | None:
        """Return the moment at which the chosen day ends, here; refuse a day that is over."""
        last_day = self.cleaned_data["expires_on"]
        if last_day is None:
            return None
        if last_day < timezone.localdate():
            raise forms.ValidationError(_("This day is over. Choose today or a later day."))
        return timezone.make_aware(datetime.combine(last_day + timedelta(days=1), time.min))
