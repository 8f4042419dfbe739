"""How a field looks that takes a code, or a text of the same form."""

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


def typed_code(label: "StrPromise", *, max_length: int) -> forms.CharField:
    """Return a field for 28 symbols, copied or typed; what they are good for is judged by the services."""
    return forms.CharField(
        label=label,
        max_length=max_length,
        help_text=_("28 letters and digits. Spaces, dashes and small letters do not matter."),
        widget=forms.TextInput(
            attrs={
                "class": "code-input",
                "placeholder": "XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX",
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
            }
        ),
    )
