"""What we think happened, in a plain sentence for each reason of a review, and what is usually done then."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models import Review

Reason = Review.Reason

SENTENCES: dict[Review.Reason, Promise] = {
    Reason.UNKNOWN_ORDER: _(
        "Somebody paid, and the payment names no order of ours. Find the order by the buyer's e-mail address,"
        " and accept the payment for it; else refund it."
    ),
    Reason.WRONG_PROVIDER: _("An order that waits for one provider was paid at another. Refund it there."),
    Reason.WRONG_MODE: _("Play money met a live order, or the other way round. Nothing is owed."),
    Reason.WRONG_PRODUCT: _(
        "Another product was paid than the order sold: compare the two, and the product ids of the package."
    ),
    Reason.WRONG_UNITS: _("Another number of units was paid than the order sold. Accept it or refund it."),
    Reason.WRONG_CURRENCY: _("The payment is in another currency than the order. Refund it."),
    Reason.WRONG_AMOUNT: _(
        "Another amount was paid than the order asks, such as with a discount. Accept it for its share of the"
        " credit, or refund it."
    ),
    Reason.PAID_TWICE: _("The order had been paid already. Credit the second payment, or refund it."),
    Reason.TAKEN_BACK: _("Money went back at the provider, or a bank has asked for it."),
    Reason.COINS_UNCLEAR: _(
        "Coins came to no clear end: too few for the network, failed, or of unknown worth. Look at the"
        " payment at the provider, then credit or refund it."
    ),
    Reason.COINS_TO_SPARE: _(
        "Coins came for an order that is paid. Credit what they are worth, or refund them."
    ),
    Reason.COINS_UNDECIDED: _(
        "Too few coins came, and the buyer has decided nothing for days. Write to them."
    ),
    Reason.REFUND_FAILED: _(
        "Money that was to go back did not: the provider does not make the refund, or said that it failed."
        " One that failed has given its credit back. Look at the refund, and send the money by hand or mark"
        " it as failed."
    ),
    Reason.REFUND_ASKED: _(
        "The buyer asks for the coins back. Send them, and close this with the reference."
    ),
    Reason.NOT_KNOWN_HERE: _(
        "The provider has a payment that we know nothing of, and no order of ours was paid by it. Find the"
        " buyer by what the provider knows, then credit or refund it there."
    ),
    Reason.NOT_KNOWN_THERE: _(
        "We credited a payment that the provider does not list. Look for it there before anything is"
        " refunded."
    ),
    Reason.AMOUNT_DIFFERS: _("The provider names another amount for a payment than it told us at first."),
    Reason.NOT_DELIVERED: _("The order is paid and could not be delivered. Its story says what fails."),
    Reason.UNREADABLE: _("The provider told something that cannot be understood. Read it below."),
}


def of(review: Review) -> Promise:
    """Return what we think happened."""
    return SENTENCES[Reason(review.reason)]
