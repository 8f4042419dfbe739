"""What people type on our own pages: read forgivingly, judged by the services."""

from django import forms
from django.utils.translation import gettext_lazy as _

from redemption.forms import typed_code

# Longer than any code with its spaces and dashes; whatever is longer is no code.
LONGEST_TYPED_CODE = 120


class RedeemForm(forms.Form):
    """A code as somebody copied or typed it."""

    code = typed_code(_("Redemption code"), max_length=LONGEST_TYPED_CODE)
