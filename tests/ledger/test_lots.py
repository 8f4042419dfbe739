"""What is left of lots is derived: the oldest is spent first, and what moves is the newest."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from ledger.models import Account, Entry, Lot
from ledger.money import NanoUSD, PriceFacts
from ledger.services import credits, entries, lots  # noqa: A004 - the word of the house
from ledger.services.lots import Part
from tests.factories import ledger as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    """Return an account with lots of 100, 200 and 300, acquired on three days in another order."""
    account = make.funded()
    for day, amount in ((2, 200), (1, 100), (3, 300)):
        credits.grant(
            account,
            NanoUSD(amount),
            source=entries.cash("creem"),
            reference=f"test:{day}",
            kind=Entry.Kind.ORDER_DELIVERED,
            price=PriceFacts(Decimal(day), "EUR", Decimal("0.9")),
            acquired_at=datetime(2027, 1, day, tzinfo=UTC),
        )
    return account


def stretches(parts: Iterable[Part]) -> list[tuple[int, int, int]]:
    return [(part.lot.amount_nano_usd, part.start, part.end) for part in parts]


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (0, []),
        (1, [(300, 299, 300)]),
        (300, [(300, 0, 300)]),
        (301, [(300, 0, 300), (200, 199, 200)]),
        (600, [(300, 0, 300), (200, 0, 200), (100, 0, 100)]),
    ],
)
def test_the_newest_credit_is_what_was_acquired_last(
    account: Account, amount: int, expected: list[tuple[int, int, int]]
) -> None:
    assert stretches(lots.newest(account, NanoUSD(amount))) == expected


def test_what_was_moved_away_is_not_there_to_be_moved_again(account: Account) -> None:
    newest = Lot.objects.get(amount_nano_usd=300)
    entry = Entry.objects.get(reference="test:3")
    lots.move(lots.newest(account, NanoUSD(250)), make.funded(), entry)

    again = lots.newest(account, NanoUSD(60))

    assert stretches(again) == [(300, 0, 50), (200, 190, 200)]
    assert Lot.objects.get(moved_from=newest).amount_nano_usd == 250


def test_parts_of_a_lot_cost_together_what_the_lot_did() -> None:
    lot = Lot(amount_nano_usd=7_650_000_001, paid_amount=Decimal("10.00"), paid_currency="EUR")
    cuts = [0, 1, 3, 1_000_000_007, 7_650_000_000, 7_650_000_001]

    shares = [Part(lot, NanoUSD(start), NanoUSD(end)).paid_amount for start, end in pairwise(cuts)]

    assert sum(share for share in shares if share is not None) == Decimal("10.00")
    assert all(share is not None and share >= 0 for share in shares)


def test_a_part_of_what_cost_nothing_costs_nothing() -> None:
    assert Part(Lot(amount_nano_usd=2), NanoUSD(0), NanoUSD(1)).paid_amount is None
