"""Refusals of the shop."""


class BillingError(Exception):
    """A refusal; `code` is stable and may be shown to people and programs."""

    code = "billing_error"


class NotForSale(BillingError):
    """The package is not offered, or not in this currency."""

    code = "not_for_sale"


class CheckoutUnavailable(BillingError):
    """The provider opened no payment page. The order is kept, and a new try may be made with it."""

    code = "checkout_unavailable"


class CoinTooSmall(BillingError):
    """The price of the order is below what is taken in that coin now."""

    code = "coin_too_small"


class QuoteExpired(BillingError):
    """What was confirmed is not a quote of this switch, or is older than a quote holds."""

    code = "quote_expired"


class AlreadySubscribed(BillingError):
    """The customer has just this plan."""

    code = "already_subscribed"


class PlanInTheWay(BillingError):
    """The customer has a plan that a code cannot go on with: another one, or one that renews."""

    code = "plan_in_the_way"


class PlanOfCodeGone(BillingError):
    """The code is good, but the plan that it gives is none of the shop's any more."""

    code = "plan_of_code_gone"


class CannotBeCancelled(BillingError):
    """Nothing would renew the plan any more, or nothing can be done about it at its provider."""

    code = "cannot_be_cancelled"


class CannotBeResumed(BillingError):
    """The plan renews as it is, or only a new purchase can go on with it."""

    code = "cannot_be_resumed"


class PortalUnavailable(BillingError):
    """The provider opened no page on which the buyer could look after card and invoices."""

    code = "portal_unavailable"


class AlreadyPaid(BillingError):
    """The order is paid: no address to send more to is opened for it."""

    code = "already_paid"


class NothingToDecide(BillingError):
    """No coins wait for a decision of the order's buyer: they were used, or never came."""

    code = "nothing_to_decide"


class InvoicesUnavailable(BillingError):
    """The provider opened no page with the buyer's invoices, or keeps none for this order."""

    code = "invoices_unavailable"


class OrderNotFound(BillingError):
    """There is no such order, or it is not for whoever asks: nobody can tell which."""

    code = "order_not_found"


class NumberMistyped(BillingError):
    """The text is no order number: its length, a symbol or its checksum is wrong. Costs no query."""

    code = "number_mistyped"


class CodeTyped(NumberMistyped):
    """The text is a redemption code: it opens no order, and belongs into the wallet."""

    code = "code_typed"


class ReviewClosed(BillingError):
    """Somebody has resolved or closed the review already."""

    code = "review_closed"


class CannotBeAccepted(BillingError):
    """What was told does not pay this order: one of them is paid, or provider, mode or currency differ."""

    code = "cannot_be_accepted"


class CannotBeCredited(BillingError):
    """Nobody could spend what is credited for this order: it brought no credit to an account."""

    code = "cannot_be_credited"


class NothingToShow(BillingError):
    """The order has no key or code that could be shown, saved, rolled or claimed now."""

    code = "nothing_to_show"


class NothingToRefund(BillingError):
    """Nothing was paid for the order."""

    code = "nothing_to_refund"


class RefundTooLarge(BillingError):
    """More is to go back than is left of what was paid; `left_cents` says how much that is."""

    code = "refund_too_large"

    def __init__(self, left_cents: int) -> None:
        super().__init__()
        self.left_cents = left_cents


class RefundEnded(BillingError):
    """What became of the refund is known already."""

    code = "refund_ended"


class AlreadyClaimed(BillingError):
    """The order belongs to an account already."""

    code = "already_claimed"


class KeyIssuerUnavailable(BillingError):
    """The console that makes the keys gave no usable answer. What was begun is gone on with by itself."""

    code = "key_issuer_unavailable"


class NoPublishedRate(BillingError):
    """The shop publishes no rate for the currency, so nothing can be priced in it."""

    code = "no_published_rate"


class ChannelClosed(BillingError):
    """There is no such channel of the transfer desk, or it takes no transfers now."""

    code = "channel_closed"


class AmountTooSmall(BillingError):
    """The amount is below the smallest that is taken: `least`, as it is shown."""

    code = "amount_too_small"

    def __init__(self, least: str) -> None:
        super().__init__()
        self.least = least


class ReferenceUnreadable(BillingError):
    """The text cannot be the reference of a transaction: it is too short, or too long."""

    code = "reference_unreadable"


class ScreenshotRefused(BillingError):
    """The file is no picture of a kind, size and number of pixels that we take."""

    code = "screenshot_refused"


class TransferSettled(BillingError):
    """The transfer waits for no such act: somebody has decided about it, or submitted it, already."""

    code = "transfer_settled"


class TransactionUsed(BillingError):
    """The transaction of this channel has paid another order already."""

    code = "transaction_used"


class PaidTooLittle(BillingError):
    """Less was paid than work by hand costs, and no part of the work can be done."""

    code = "paid_too_little"


class AmountOutOfRange(BillingError):
    """The amount is not from `least` to `most`, in USD, as they are shown."""

    code = "amount_out_of_range"

    def __init__(self, least: str, most: str) -> None:
        super().__init__()
        self.least, self.most = least, most


class JobTaken(BillingError):
    """Somebody else has claimed the job, or it has ended."""

    code = "job_taken"
