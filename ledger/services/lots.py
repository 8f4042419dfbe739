"""What is left of the lots of an account: derived, never kept.

Credit is spent first in, first out by the day on which it was acquired, so what a wallet still holds are its
newest lots. Credit that is moved to another account goes from the other end, the newest first: what calls
have set aside stays behind, and is the oldest. A moved part names its lot, which is smaller by as much. So it
is with credit that was taken back.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet, Sum

from ledger.models import Account, Entry, Lot, LotTaking
from ledger.money import NanoUSD

# Prices are kept with eight decimals.
_PLACES = 8


class Part(NamedTuple):
    """The stretch of a lot from ``start`` to ``end``, in nano-USD counted from its beginning."""

    lot: Lot
    start: NanoUSD
    end: NanoUSD

    @property
    def amount(self) -> NanoUSD:
        """Return how much credit it is."""
        return NanoUSD(self.end - self.start)

    @property
    def paid_amount(self) -> Decimal | None:
        """Return its share of what was paid for the lot.

        Shares are cut at the ends of the stretch, each rounded down, so all parts of a lot together cost
        exactly what the lot did, whatever the parts.
        """
        if self.lot.paid_amount is None:
            return None
        paid = int(self.lot.paid_amount.scaleb(_PLACES))
        share = paid * self.end // self.lot.amount_nano_usd - paid * self.start // self.lot.amount_nano_usd
        return Decimal(share).scaleb(-_PLACES)


def newest(account: Account, amount: NanoUSD) -> Iterator[Part]:
    """Yield the parts of the lots of ``account`` that its newest ``amount`` of credit is made of.

    The caller has the account's lock. The whole balance of the wallet gives what is left of each lot.
    """
    moved = _sums(Lot.objects.filter(moved_from__account=account).values_list("moved_from"))
    taken = _sums(LotTaking.objects.filter(lot__account=account).values_list("lot"))
    for lot in Lot.objects.filter(account=account).order_by("-acquired_at", "-pk"):
        end = lot.amount_nano_usd - moved.get(lot.pk, 0) - taken.get(lot.pk, 0)
        start = max(end - amount, 0)
        if start < end:
            yield Part(lot, NanoUSD(start), NanoUSD(end))
        amount = NanoUSD(amount - (end - start))


def move(parts: Iterator[Part], to: Account, entry: Entry) -> None:
    """Keep ``parts`` as lots of the account that ``entry`` moved them to, with their dates and prices."""
    Lot.objects.bulk_create(
        Lot(
            account=to,
            entry=entry,
            amount_nano_usd=part.amount,
            paid_amount=part.paid_amount,
            paid_currency=part.lot.paid_currency,
            paid_units_per_usd=part.lot.paid_units_per_usd,
            acquired_at=part.lot.acquired_at,
            moved_from=part.lot,
        )
        for part in parts
    )


def _sums(rows: "QuerySet[Any, Any]") -> dict[int, int]:
    return dict(rows.annotate(Sum("amount_nano_usd")))
