"""The random word of a form: the same form is one order, however often it is sent."""

import secrets

from django.core.validators import RegexValidator

FORM_WORD = RegexValidator(r"^[0-9A-Za-z_-]{20,64}$")


def new_word() -> str:
    """Return a random word that tells one form from all others."""
    return secrets.token_urlsafe(18)
