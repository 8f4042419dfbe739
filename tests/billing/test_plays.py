"""However a purchase's webhooks come, whatever comes with them, and whoever dies: the end is the same."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from billing.models import Payment
from ledger.services import proof
from tests.billing import plays
from tests.billing.asking_theatre import AskingTheatre
from tests.billing.plays import Play
from tests.billing.racing_theatre import RacingTheatre
from tests.billing.theatre import Theatre
from tests.sandbox.running_creem import RunningCreem

# `PROVE=1` plays them all.
IS_FULL_SIZE = os.environ.get("PROVE") == "1"
LEAST_AT_FULL_SIZE = 10_000
QUICK = 60
# What any sale takes, from the webhook to the delivery; and the handling of a payment alone.
STATEMENTS, HANDLING_STATEMENTS = 25, 15

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(0 if IS_FULL_SIZE else 600)]


@pytest.fixture
def theatre(nudges: list[tuple[str, int]]) -> Iterator[Theatre]:
    yield Theatre(nudges)
    assert proof.discrepancies() == []


def differences(theatre: Theatre, every: Sequence[Play], *, quick: int = QUICK) -> list[str]:
    """Play all, or for a quick run some from everywhere; return how they differ from the ordered single."""
    some = every if IS_FULL_SIZE else every[:: max(1, len(every) // quick)]
    return [difference for play in some if (difference := theatre.differs(play))]


def single(sale: str, result: str, **books: Any) -> dict[str, Any]:
    """Return what an ordered purchase leaves."""
    is_shown = sale != "wallet"
    return {
        "Order": [["ord_#", "delivered", result, "ord_paid_#", True, True, True, is_shown]],
        "Payment": [["creem", "tran_paid_#", "ord_#", "cust_RHQC0NXPMtpqW1hcTFNAj", 1000, 0, 1000, 0, "USD"]],
        "Refund": [],
        "Review": [],
        "OrderMail": [["ord_#", "delivered", ""], ["ord_#", "received", ""]],
        "InboxEvent": [["evt_paid_#", "checkout.completed", True]],
        **books,
    }


GRANTED = {
    "Entry": [["order:1:credit", "order_delivered"]],
    "Posting": [["cash:creem", "wallet", 7_650_000_000]],
    "Lot": [[7_650_000_000, "10.00000000", "USD"]],
    "Account": [[7_650_000_000, 0, 0]],
    "Code": [],
}
SOLD_AS_CODE = {
    "Entry": [["batch:1:chunk:1", "codes_issued"]],
    "Posting": [["cash:creem", "codes", 7_650_000_000]],
    "Lot": [],
    "Account": [],
    "Code": [["live", 7_650_000_000]],
}


@pytest.mark.parametrize(
    ("sale", "end"),
    [
        ("key", single("key", "key", **GRANTED, ApiKey=[["active"]])),
        ("wallet", single("wallet", "wallet", **GRANTED, ApiKey=[])),
        ("code", single("code", "code", **SOLD_AS_CODE, ApiKey=[])),
    ],
)
def test_an_ordered_purchase_ends_as_it_should(theatre: Theatre, sale: str, end: dict[str, Any]) -> None:
    assert theatre.end_of(Play(("paid",), sale=sale)) == end


def test_no_play_is_told_twice_and_there_are_enough() -> None:
    struck = plays.struck(dict.fromkeys(plays.SALES, STATEMENTS))
    raced = plays.raced(HANDLING_STATEMENTS)
    told = [*plays.shuffled(), *plays.disturbed(), *struck, *plays.asked(), *raced]

    assert len(set(told)) == len(told) >= LEAST_AT_FULL_SIZE


def test_webhooks_may_come_in_any_order_and_any_number(theatre: Theatre) -> None:
    assert differences(theatre, list(plays.shuffled())) == []


def test_nothing_that_comes_with_them_does_harm(theatre: Theatre) -> None:
    assert differences(theatre, list(plays.disturbed())) == []


def test_a_worker_may_die_or_fail_at_every_statement(theatre: Theatre) -> None:
    statements = {sale: statements_of(theatre, sale) for sale in plays.SALES}

    assert differences(theatre, list(plays.struck(statements))) == []


def statements_of(theatre: Theatre, sale: str) -> int:
    theatre.end_of(Play(("paid",), sale=sale))  # the first of its kind takes a few more
    theatre.end_of(Play(("paid",), sale=sale))
    return theatre.statements


def test_what_no_webhook_told_is_asked_whatever_the_provider_answers_meanwhile(
    nudges: list[tuple[str, int]], creem: RunningCreem
) -> None:
    theatre = AskingTheatre(nudges, creem)

    assert differences(theatre, list(plays.asked()), quick=20) == []
    assert theatre.end_of(Play(("swept",)))["Payment"] == [
        [
            "creem",
            "the transaction",
            "ord_#",
            Payment.objects.latest("pk").customer_id,
            1000,
            0,
            1000,
            0,
            "USD",
        ]
    ]


def test_two_workers_may_meet_anywhere(nudges: list[tuple[str, int]]) -> None:
    theatre = RacingTheatre(nudges)
    every = list(plays.raced(HANDLING_STATEMENTS))
    some = every if IS_FULL_SIZE else every[::9]

    assert [race for race in some if not theatre.is_as_if_one_after_the_other(race)] == []
