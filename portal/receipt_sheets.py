"""A receipt as the account's owner reads it: the cost worked out line by line, and how the call ended."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger import money
from ledger.money import NanoUSD
from ledger.services.receipts import Pools, Receipt, State

# The decimals of the books, which every amount in a column has at least.
BOOK_DECIMALS = 9

MEANINGS = {
    State.OPEN: _("The call is running. It costs nothing yet; the most that it can cost is set aside."),
    State.COMPLETE: _("The call was answered to its end."),
    State.CLIENT_GONE: _(
        "Your program closed the connection before the end, and the model was stopped. What had been used"
        " until then is charged."
    ),
    State.UPSTREAM_FAILED: _(
        "The answer broke off on the side of the model. What had come until then is charged."
    ),
    State.EXPIRED: _("We never learned how the call ended. Nothing is charged."),
    State.LATE: _("How the call ended was learned too late. Nothing is charged."),
}


class Line(NamedTuple):
    """One kind of tokens: how many, at which rate, for exactly how much. Without a rate it is free."""

    label: Promise
    tokens: int
    rate: int | None
    cost: Decimal


class Sheet(NamedTuple):
    """One receipt, worked out. Its amounts are in USD; the longest of them has so many `decimals`."""

    receipt: Receipt
    lines: list[Line]
    rounding: Decimal
    uncharged: Decimal
    cost: Decimal
    pools: list[tuple[Promise, Decimal]]
    decimals: int

    @property
    def meaning(self) -> Promise:
        """Return in a sentence how the call ended, and what that means for its cost."""
        return MEANINGS[self.receipt.state]

    @property
    def uncharged_change(self) -> Decimal:
        """Return what was not charged as the sum sees it: with a minus."""
        return -self.uncharged

    @property
    def is_open(self) -> bool:
        """Tell whether the call is still running."""
        return self.receipt.state is State.OPEN


def of(receipt: Receipt) -> Sheet:
    """Work ``receipt`` out: its lines with the one rounding, less what was not charged, are what was paid."""
    lines = _lines(receipt)
    cost, uncharged = money.as_usd(receipt.cost_nano_usd), money.as_usd(receipt.uncharged_nano_usd)
    return Sheet(
        receipt,
        lines,
        rounding=cost + uncharged - sum((line.cost for line in lines), Decimal()),
        uncharged=uncharged,
        cost=cost,
        pools=_pools(receipt.held if receipt.state is State.OPEN else receipt.paid),
        decimals=_decimals(line.cost for line in lines),
    )


def _lines(receipt: Receipt) -> list[Line]:
    used, rates = receipt.tokens, receipt.rates
    kinds = [
        (_("Fresh input"), used.input, rates.input),
        (_("Cached input"), used.cached_input, rates.cached_input),
        (_("Cache write"), used.cache_write, rates.cache_write),
        (_("Output"), used.output, rates.output),
    ]
    if receipt.is_free:
        return [Line(label, tokens, None, Decimal()) for label, tokens, _rate in kinds]
    return [Line(label, tokens, rate, money.exact_cost(tokens, rate)) for label, tokens, rate in kinds]


def _pools(amounts: Pools) -> list[tuple[Promise, Decimal]]:
    labels = (_("Main pool"), _("Backup pool"), _("Wallet"))
    return [
        (label, money.as_usd(NanoUSD(amount)))
        for label, amount in zip(labels, amounts, strict=True)
        if amount
    ]


def _decimals(amounts: Iterable[Decimal]) -> int:
    needed = [-int(amount.normalize().as_tuple().exponent) for amount in amounts if amount]
    return max([BOOK_DECIMALS, *needed])
