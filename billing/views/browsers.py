"""What a browser remembers of the shop: its own random name, and the orders that were opened in it."""

import secrets
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import User
from billing.models import Order
from billing.services.openings import Visitor
from billing.services.orders import Buyer

COOKIE_SALT = "billing.browser"
COOKIE_LASTS = timedelta(days=30)
# An order that was opened by its number or by a mail stays open here for a day's work, not for ever: the
# browser may be anybody's.
OPENED = "opened_orders"
OPENED_LASTS = timedelta(hours=12)
MOST_OPENED = 20


def name_of(request: HttpRequest) -> str:
    """Return the random name of the browser; a new one for a browser that has none yet."""
    if not hasattr(request, "browser_name"):
        known = request.get_signed_cookie(
            settings.BROWSER_COOKIE_NAME, default="", salt=COOKIE_SALT, max_age=COOKIE_LASTS
        )
        request.browser_name = known or secrets.token_urlsafe(24)  # type: ignore[attr-defined]
    name: str = request.browser_name  # type: ignore[attr-defined]
    return name


def keep_name(request: HttpRequest, response: HttpResponse) -> None:
    """Let the browser remember its name, which no script can read, for another month."""
    response.set_signed_cookie(
        settings.BROWSER_COOKIE_NAME,
        name_of(request),
        salt=COOKIE_SALT,
        max_age=int(COOKIE_LASTS.total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def buyer(request: HttpRequest, *, email: str) -> Buyer:
    """Return who buys: the user who is signed in, or a guest, in the language of the page."""
    return Buyer(
        email=email,
        language=get_language() or "en",
        user=request.user if isinstance(request.user, User) else None,
    )


def visitor(request: HttpRequest) -> Visitor:
    """Return who asks, as far as the browser can prove it."""
    return Visitor(
        browser_id=name_of(request),
        user=request.user if request.user.is_authenticated else None,
        opened=_opened(request),
    )


def open_here(request: HttpRequest, order: Order) -> None:
    """Let ``order``, whose holder is at this browser, open here from now on."""
    until = int((timezone.now() + OPENED_LASTS).timestamp())
    newest = {order.reference: until, **_living(request)}
    if not request.user.is_authenticated:
        request.session.cycle_key()  # whoever planted a session here before must not share what it opens
    request.session[OPENED] = dict(list(newest.items())[:MOST_OPENED])


def _opened(request: HttpRequest) -> Collection[str]:
    return _living(request).keys()


def _living(request: HttpRequest) -> dict[str, int]:
    now = timezone.now().timestamp()
    return {reference: until for reference, until in request.session.get(OPENED, {}).items() if until > now}
