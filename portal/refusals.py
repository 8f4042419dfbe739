"""How a refusal of any room is told to people: one table, and the middleware for whatever no view caught.

A fault (a broken seal, a reused reference) is no refusal: it stays an exception and becomes a logged 500.
"""

from collections.abc import Callable
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.errors import KeyNotFound, MailNotSent, MalformedKey, TooManyAttempts
from billing import wordings as shop
from ledger.errors import (
    AccountFrozen,
    AccountNotMergeable,
    InsufficientBalance,
    LedgerUnavailable,
    LimitOutOfRange,
    ModelNotKnown,
    NotAnAmount,
    NotANetwork,
    NothingAllowed,
    TooManyNetworks,
)
from redemption.errors import (
    BatchAlreadyDownloaded,
    BatchBeingDownloaded,
    BatchNotReady,
    BatchSold,
    BatchVoided,
    CodeMistyped,
    CodeUnusable,
    OrderNumberTyped,
)

# The status of a form that has to be filled in again.
UNREADABLE = 422
# Where a refusal lands when the part of the page that asked cannot show it itself.
NOTICE_PLACE = "#notices"


class Refusal(NamedTuple):
    """A refusal as people meet it: HTTP status, stable code, and a sentence that says what to do."""

    status: int
    code: str
    sentence: str
    retry_after_seconds: int | None = None


WORDINGS: dict[type[Exception], tuple[int, Promise]] = {
    MalformedKey: (
        400,
        _("This is not a complete API key. Copy it again, from “sk-” to the end."),
    ),
    KeyNotFound: (404, _("There is no such API key. It may have been deleted.")),
    TooManyAttempts: (
        429,
        ngettext_lazy(
            "Too many attempts. Try again in %(minutes)d minute.",
            "Too many attempts. Try again in %(minutes)d minutes.",
            "minutes",
        ),
    ),
    MailNotSent: (503, _("We cannot send mails right now. Please try again in a few minutes.")),
    AccountFrozen: (409, _("This account is frozen: its credit stays where it is. Please contact us.")),
    AccountNotMergeable: (409, _("These two accounts cannot be made one.")),
    InsufficientBalance: (409, _("There is not enough free credit for this.")),
    LedgerUnavailable: (
        503,
        _("The books cannot be reached right now. Please try again in a minute."),
    ),
    NotAnAmount: (400, _("This is not an amount of money. Write it like 12.50.")),
    LimitOutOfRange: (422, _("This has to be a number from %(least)d to %(most)d.")),
    NothingAllowed: (422, _("A key that may use nothing is better disabled. Name something, or allow all.")),
    ModelNotKnown: (422, _("One of these models is gone. Open the page anew and choose again.")),
    NotANetwork: (
        422,
        _("“%(text)s” is no network. Write each on a line of its own, such as 203.0.113.0/24."),
    ),
    TooManyNetworks: (422, _("A key can have %(most)d networks at most.")),
    CodeUnusable: (
        422,
        _("This code cannot be redeemed. It may have been used, have expired, or never have existed."),
    ),
    CodeMistyped: (
        422,
        _("This is not a complete code: it has 28 letters and digits. Compare it with yours."),
    ),
    OrderNumberTyped: (
        422,
        _("This is an order number. Open your order with it on the Order Lookup page: your code is there."),
    ),
    BatchNotReady: (409, _("The codes are still being issued. Download them when the batch is ready.")),
    BatchAlreadyDownloaded: (410, _("These codes were downloaded before; they can be downloaded only once.")),
    BatchBeingDownloaded: (409, _("Somebody is downloading these codes right now.")),
    BatchSold: (410, _("This code was sold: only its buyer can read it.")),
    BatchVoided: (410, _("This batch was voided: its codes are good for nothing.")),
    # Worded where its own forms tell them, too.
    **shop.WORDINGS,
}


def worded(error: Exception) -> Refusal:
    """Return ``error`` as people meet it; only for errors that stand in `WORDINGS`."""
    status, sentence = WORDINGS[type(error)]
    code: str = error.code  # type: ignore[attr-defined]  # every refusal of a room has one
    if isinstance(error, TooManyAttempts):
        minutes = max(1, -(-error.retry_after_seconds // 60))
        return Refusal(status, code, str(sentence % {"minutes": minutes}), error.retry_after_seconds)
    return Refusal(status, code, str(sentence) % vars(error))


class RefusalMiddleware:
    """Answers a refusal that no view caught: with a page, or for htmx with a notice above the page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request through; refusals arrive in `process_exception`."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the answer to a refusal; let everything else become a logged 500."""
        if type(error) not in WORDINGS:
            return None
        return refuse(request, worded(error))


def refuse(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Tell ``refusal`` in the form that the request can show."""
    template = "portal/refusal.html#notice" if request.headers.get("HX-Request") else "portal/refusal.html"
    response = render(request, template, {"refusal": refusal})
    patch_vary_headers(response, ["HX-Request"])
    response["HX-Retarget"] = NOTICE_PLACE
    response["HX-Reswap"] = "innerHTML"
    return stamp(response, refusal)


def stamp(response: HttpResponse, refusal: Refusal) -> HttpResponse:
    """Give ``response``, which tells ``refusal``, its status, and say when to come back."""
    response.status_code = refusal.status
    if refusal.retry_after_seconds is not None:
        response["Retry-After"] = str(refusal.retry_after_seconds)
    return response
