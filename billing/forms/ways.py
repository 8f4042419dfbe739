"""The field that asks how something is paid: a choice where there is one."""

from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext

from billing.models import Provider


def offer(form: forms.Form, ways: Mapping[str, str]) -> None:
    """Let the field `way` of ``form`` offer these, each with its words; the first is chosen at first."""
    field = form.fields["way"]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - every form declares it so
    field.choices = list(ways.items())
    field.initial = next(iter(ways), None)
    if len(ways) == 1:
        field.widget = forms.HiddenInput()


def in_words(provider: str, currency: str) -> str:
    """Return how a price in that currency is paid there."""
    if provider == Provider.NOWPAYMENTS:
        return gettext("Crypto coins")
    return gettext("Card, charged in %(currency)s") % {"currency": currency}
