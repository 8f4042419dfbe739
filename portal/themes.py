"""Light, dark, or as the reader's system says.

The dark stylesheet is always linked and its media query decides; a choice replaces the query. So the first
byte of a page already has the right colours, with no script and with no rule written twice.
"""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

COOKIE = "theme"
COOKIE_SECONDS = 365 * 24 * 60 * 60


class Theme(NamedTuple):
    """A choice of colours: its name in the cookie, when the dark stylesheet applies, what people call it."""

    name: str
    dark_media: str
    label: Promise


SYSTEM = Theme("system", "(prefers-color-scheme: dark)", _("System"))
THEMES = (SYSTEM, Theme("light", "not all", _("Light")), Theme("dark", "all", _("Dark")))


def of_request(request: HttpRequest) -> Theme:
    """Return the reader's choice, or the system's when there is none."""
    return named(request.COOKIES.get(COOKIE, ""))


def named(name: str) -> Theme:
    """Return the theme called ``name``; the system's for any other word."""
    return next((theme for theme in THEMES if theme.name == name), SYSTEM)


def keep(theme: Theme, response: HttpResponse, *, is_secure: bool) -> None:
    """Let the reader's browser remember ``theme``."""
    response.set_cookie(COOKIE, theme.name, COOKIE_SECONDS, secure=is_secure, httponly=True, samesite="Lax")
