"""How the shop's refusals are told to people."""

from typing import NamedTuple

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.errors import TooManyAttempts
from billing.errors import (
    AlreadyClaimed,
    AlreadyPaid,
    AlreadySubscribed,
    AmountOutOfRange,
    AmountTooSmall,
    CannotBeAccepted,
    CannotBeCancelled,
    CannotBeCredited,
    CannotBeResumed,
    ChannelClosed,
    CheckoutUnavailable,
    CodeTyped,
    CoinTooSmall,
    InvoicesUnavailable,
    JobTaken,
    KeyIssuerUnavailable,
    NoPublishedRate,
    NotForSale,
    NothingToDecide,
    NothingToRefund,
    NothingToShow,
    NumberMistyped,
    OrderNotFound,
    PaidTooLittle,
    PlanInTheWay,
    PlanOfCodeGone,
    PortalUnavailable,
    QuoteExpired,
    ReferenceUnreadable,
    RefundEnded,
    RefundTooLarge,
    ReviewClosed,
    ScreenshotRefused,
    TransactionUsed,
    TransferSettled,
)

WORDINGS: dict[type[Exception], tuple[int, Promise]] = {
    NotForSale: (404, _("This is not for sale, or not any more. The pricing page shows what is.")),
    CheckoutUnavailable: (
        503,
        _("The payment page could not be opened. Nothing was charged; please try again in a minute."),
    ),
    CoinTooSmall: (409, _("This order is below the minimum of that coin. Choose another one.")),
    AlreadyPaid: (409, _("This order is paid already: send nothing more. Reload its page.")),
    AlreadySubscribed: (409, _("You have this plan already.")),
    PlanInTheWay: (
        409,
        _("You have a plan that this code cannot add to. It stays good: redeem it when that plan has ended."),
    ),
    PlanOfCodeGone: (
        409,
        _("The plan of this code is not there any more. The code stays good: please write to us."),
    ),
    CannotBeCancelled: (409, _("This plan does not renew, so there is nothing to cancel. Reload the page.")),
    CannotBeResumed: (409, _("This plan cannot be taken up again. Buy it once more when it has ended.")),
    PortalUnavailable: (
        503,
        _("The payment provider did not open its page. Please try again in a minute."),
    ),
    QuoteExpired: (409, _("Those terms hold no more. Open the plan again to see the new ones.")),
    NothingToDecide: (409, _("No coins of this order wait for a decision any more. Reload its page.")),
    ReviewClosed: (409, _("Somebody has resolved this review meanwhile.")),
    CannotBeAccepted: (
        409,
        _("This is no payment for that order: it is paid, or of another provider, mode or currency."),
    ),
    CannotBeCredited: (
        409,
        _("This order brought no credit to an account, so nobody could spend it. Refund it instead."),
    ),
    InvoicesUnavailable: (
        503,
        _("The payment provider did not open your invoices. Please try again in a minute."),
    ),
    OrderNotFound: (
        404,
        _(
            "No order opens with this number."
            " Compare it with the one on your order page, character by character."
        ),
    ),
    NumberMistyped: (
        422,
        _("This is not a complete order number: it has 28 letters and digits. Compare it with yours."),
    ),
    CodeTyped: (422, _("This is a redemption code. Redeem it in your wallet: it opens no order.")),
    NothingToShow: (409, _("This order has no key or code to do that with any more. Reload its page.")),
    NothingToRefund: (409, _("Nothing was paid for this order, so nothing can go back.")),
    RefundTooLarge: (409, _("That is more than is left of what was paid for this order.")),
    RefundEnded: (409, _("What became of this refund is known already. Reload its page.")),
    AlreadyClaimed: (409, _("This order belongs to an account already.")),
    KeyIssuerUnavailable: (
        503,
        _("The key could not be replaced right now. We go on trying by ourselves; look again in a minute."),
    ),
    NoPublishedRate: (409, _("There is no published rate for this currency.")),
    ChannelClosed: (404, _("This channel takes no transfers now. The list of channels shows those that do.")),
    AmountTooSmall: (422, _("The smallest amount of this channel is %(least)s.")),
    PaidTooLittle: (
        409,
        _("This is less than the work costs, and a part of it cannot be done. Ask the buyer, or reject it."),
    ),
    AmountOutOfRange: (422, _("The amount has to be from %(least)s to %(most)s USD.")),
    JobTaken: (409, _("Somebody else has this job, or it has ended. Reload the page.")),
    ReferenceUnreadable: (
        422,
        _("This is no transaction reference: it has from 4 to 80 letters and digits."),
    ),
    ScreenshotRefused: (
        422,
        _("This file is no picture that we can read. Attach a PNG, JPEG or WebP of 5 MB at most."),
    ),
    TransferSettled: (409, _("This was settled meanwhile. Reload the page.")),
    TransactionUsed: (409, _("This transaction has paid another order through this channel.")),
}


class Told(NamedTuple):
    """A refusal as a form tells it."""

    status: int
    sentence: str
    retry_after_seconds: int | None = None

    def stamp(self, response: HttpResponse) -> HttpResponse:
        """Give ``response``, which tells the refusal, its status, and say when to come back."""
        response.status_code = self.status
        if self.retry_after_seconds is not None:
            response["Retry-After"] = str(self.retry_after_seconds)
        return response


def told(error: Exception) -> Told:
    """Return ``error`` as a form tells it; only for errors of `WORDINGS`, and for TooManyAttempts."""
    if isinstance(error, TooManyAttempts):
        minutes = max(1, -(-error.retry_after_seconds // 60))
        sentence = ngettext(
            "Too many attempts. Try again in %(minutes)d minute.",
            "Too many attempts. Try again in %(minutes)d minutes.",
            minutes,
        )
        return Told(429, sentence % {"minutes": minutes}, error.retry_after_seconds)
    status, words = WORDINGS[type(error)]
    return Told(status, str(words) % vars(error))
