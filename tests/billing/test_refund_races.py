"""An operator refunds an order while somebody else is at it: it comes out even, without any deadlock."""

import os
import random
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from billing import tasks
from billing.errors import RefundTooLarge
from billing.models import InboxEvent, Order, Refund
from billing.providers.facts import Mode, Refunded, RefundState
from billing.services import payments, refund_requests
from ledger.services import debts
from tests.billing import refund_rivals
from tests.billing.coming_out_even import assert_comes_out_even
from tests.billing.refund_rivals import RIVALS, Rivalry
from tests.billing.test_refund_requests import asked_for, bought
from tests.factories import ledger as books
from tests.meeting import Act, meet
from tests.sandbox.running_creem import RunningCreem
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

FULL = os.environ.get("PROVE") == "1"
SPREAD = 4
CROWDS = 40 if FULL else 2
WHOLE, PART = 1000, 400

Rival = Callable[[], Rivalry]
Acts = Callable[[Rivalry], Act]
whoever = pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.__name__)
whatever = pytest.mark.parametrize("cents", [WHOLE, PART])


@pytest.fixture(autouse=True)
def _a_shop(nudges: list[tuple[str, int]]) -> Iterator[None]:
    """Sell, with the work handed out by the test; and leave no journal, which Django would not empty."""
    books.priced(refund_rivals.DEAR)
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE ledger_usage")


def moments(statements: int) -> list[int]:
    """Return the statements to be held at: all, or a spread of them with the first and the last."""
    every = range(1, statements + 1)
    if FULL or statements <= SPREAD:
        return list(every)
    return sorted({1, statements, *random.Random(statements).sample(every, SPREAD)})


def assert_only_refused(results: list[object], rivalry: Rivalry) -> None:
    """Assert that nobody met another error than a refusal that can be meant."""
    refusals: tuple[type[Exception], ...] = (RefundTooLarge, *rivalry.refusals)
    assert [each for each in results if isinstance(each, Exception) and not isinstance(each, refusals)] == []


def assert_even(rivalry: Rivalry) -> None:
    """Let all that waits be done, and assert that the sale comes out even."""
    for event in InboxEvent.objects.filter(handled_at=None):
        tasks.handle_event(event.pk)
    debts.pay_all()
    assert_comes_out_even(rivalry.order, topped_up=rivalry.topped_up, spent=rivalry.spent)


def refund(cents: int) -> Callable[[Rivalry], Callable[[], Refund]]:
    return lambda rivalry: refund_rivals.operators_refund(rivalry.order, cents)


def rival_act(rivalry: Rivalry) -> Act:
    return rivalry.act


def assert_even_wherever_they_meet(rival: Rival, first: Acts, second: Acts) -> None:
    """Let the second come at every statement of the first."""
    for held_at in moments(met_at(0, rival, first, second)):
        met_at(held_at, rival, first, second)


def met_at(held_at: int, rival: Rival, first: Acts, second: Acts) -> int:
    """Let both meet once, and return how many statements the first had."""
    rivalry = rival()
    met = meet(first(rivalry), second(rivalry), held_at=held_at)
    assert_only_refused([met.first, met.second], rivalry)
    assert_even(rivalry)
    return met.statements


@whatever
@whoever
def test_a_refund_that_is_met_at_any_statement_comes_out_even(rival: Rival, cents: int) -> None:
    assert_even_wherever_they_meet(rival, refund(cents), rival_act)


@whatever
@whoever
def test_a_refund_that_meets_another_at_any_of_its_statements_comes_out_even(
    rival: Rival, cents: int
) -> None:
    assert_even_wherever_they_meet(rival, rival_act, refund(cents))


@whoever
def test_a_crowd_that_refunds_and_does_everything_else_comes_out_even(rival: Rival) -> None:
    for _ in range(CROWDS):
        rivalry = rival()
        parts = [refund(cents)(rivalry) for cents in (400, 400, 300)]
        acts = [*parts, rivalry.act, rivalry.act, debts.pay_all]

        results = together(len(acts), lambda place, acts=acts: acts[place]())  # type: ignore[misc]

        assert_only_refused(list(results), rivalry)
        assert_even(rivalry)


def test_whoever_tells_first_how_a_refund_ended_ends_it_and_it_is_asked_for_once(creem: RunningCreem) -> None:
    """The provider's answer and its event, and a second worker that asks."""
    before = asked_for(creem)
    for number in range(CROWDS):
        rivalry = Rivalry(bought(creem, refund_rivals.package()), debts.pay_all)
        begun = refund(WHOLE)(rivalry)()
        event = refunded(rivalry.order, f"ref_{number}")

        results = together(4, lambda place, begun=begun, event=event: (  # type: ignore[misc]
            payments.apply(event) if place % 2 else refund_requests.ask(begun.pk)
        ))  # fmt: skip

        assert_only_refused(list(results), rivalry)
        begun.refresh_from_db()
        assert (begun.state, begun.ask_at) == (Refund.State.DONE, None)
        assert_even(rivalry)
    assert asked_for(creem) - before <= CROWDS


def refunded(order: Order, refund_id: str) -> Refunded:
    return Refunded(
        provider=order.provider,
        mode=Mode.TEST,
        reference=order.reference,
        transaction_id=order.payment.transaction_id,
        currency="USD",
        amount_cents=WHOLE,
        refund_id=refund_id,
        state=RefundState.SUCCEEDED,
    )
