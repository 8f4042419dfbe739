"""What a provider tells of refunds and disputes: in any order, any number of times, each is one row."""

import itertools
from typing import Any

import orjson
import pytest

from accounts.models import User
from billing.models import InboxEvent, Order, OrderMail, Payment, Refund, Review
from billing.providers.facts import Disputed, Mode, Refunded, RefundState
from billing.services import delivery, inbox, payments, proof, refunds
from billing.services.outcomes import Applied
from ledger.models import Account, Entry
from ledger.services import proof as ledger_proof
from tests.billing import creem_said, paying, shoppers
from tests.billing.providers.recorded import fixture, names
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

Outcome = InboxEvent.Outcome
Nudges = list[tuple[str, int]]
SUCCEEDED, PENDING, FAILED = RefundState.SUCCEEDED, RefundState.PENDING, RefundState.FAILED


@pytest.fixture(autouse=True)
def _proven(request: pytest.FixtureRequest) -> Any:
    request.getfixturevalue("db")
    yield
    assert [*ledger_proof.discrepancies(), *proof.discrepancies()] == []


@pytest.fixture
def buyer() -> User:
    return UserFactory.create()


@pytest.fixture
def order(buyer: User) -> Order:
    return shoppers.delivered(user=buyer)


def told(order: Order, state: RefundState = SUCCEEDED, **changes: Any) -> Applied:
    facts = {
        "provider": "creem",
        "mode": Mode.TEST,
        "reference": order.reference,
        "transaction_id": f"tran_{order.reference}",
        "currency": "USD",
        "amount_cents": 1000,
        "refund_id": "ref_1",
        "state": state,
        **changes,
    }
    return payments.apply(Refunded(**facts))


def disputed(order: Order, **changes: Any) -> Applied:
    facts = {
        "provider": "creem",
        "mode": Mode.TEST,
        "transaction_id": f"tran_{order.reference}",
        "currency": "USD",
        "amount_cents": 1000,
        "dispute_id": "disp_1",
        **changes,
    }
    return payments.apply(Disputed(**facts))


def wallet(buyer: User) -> Account:
    return Account.objects.get(customer__user=buyer)


def begin(order: Order, cents: int) -> Refund:
    person = UserFactory.create(is_staff=True)
    return refunds.refund(order, cents, origin=Refund.Origin.OPERATOR, reason="", made_by=person)


@pytest.mark.parametrize("state", [SUCCEEDED, PENDING])
def test_what_no_intent_explains_takes_back_and_is_reviewed_and_mailed(
    order: Order, buyer: User, state: RefundState
) -> None:
    assert told(order, state).outcome is Outcome.REVIEW
    assert told(order, state).outcome is Outcome.NOTHING_NEW

    refund = Refund.objects.get()
    assert (refund.origin, refund.amount_cents) == ("provider", 1000)
    assert refund.state == ("done" if state is SUCCEEDED else "awaiting")
    assert wallet(buyer).wallet_balance_nano_usd == 0
    assert Review.objects.get().reason == Review.Reason.TAKEN_BACK
    assert OrderMail.objects.filter(kind="refund").count() == 1


@pytest.mark.parametrize("cents", [1000, 400])
def test_an_event_closes_the_open_intent_of_its_amount(order: Order, cents: int) -> None:
    begun = begin(order, cents)

    assert told(order, amount_cents=cents).outcome is Outcome.APPLIED
    assert told(order, amount_cents=cents).outcome is Outcome.NOTHING_NEW

    begun.refresh_from_db()
    assert (begun.state, begun.provider_refund_id) == (Refund.State.DONE, "ref_1")
    assert Refund.objects.count() == 1
    assert not Review.objects.exists()


def test_an_event_of_another_amount_is_a_refund_of_its_own(order: Order) -> None:
    begin(order, 400)

    told(order, amount_cents=300)

    assert Payment.objects.get().refunded_cents == 700
    assert Refund.objects.count() == 2


def test_a_refund_whose_reference_was_entered_is_not_taken_twice_when_its_event_comes(order: Order) -> None:
    refunds.enter_proof(begin(order, 400), "ref_1")

    told(order, amount_cents=400)

    assert Payment.objects.get().refunded_cents == 400
    assert Refund.objects.get().provider_refund_id == "ref_1"


def test_two_refunds_of_one_amount_are_two(order: Order) -> None:
    begin(order, 400)
    told(order, amount_cents=400, refund_id="ref_1")
    told(order, amount_cents=400, refund_id="ref_2")

    assert Payment.objects.get().refunded_cents == 800


@pytest.mark.parametrize("order_of", list(itertools.permutations([PENDING, FAILED])))
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("has_intent", ["", "has intent"])
def test_a_refund_that_failed_gives_all_back_whatever_was_told_first(
    order: Order, buyer: User, order_of: tuple[RefundState, ...], times: int, has_intent: str
) -> None:
    if has_intent:
        begin(order, 1000)
    for state in order_of:
        for _ in range(times):
            told(order, state)

    assert Refund.objects.get().state == Refund.State.FAILED
    assert wallet(buyer).wallet_balance_nano_usd == order.credit_nano_usd
    assert Payment.objects.get().refunded_cents == 0


@pytest.mark.parametrize("order_of", list(itertools.permutations([PENDING, SUCCEEDED])))
def test_a_refund_that_succeeded_stays_so_whatever_was_told_first(
    order: Order, order_of: tuple[RefundState, ...]
) -> None:
    for state in (*order_of, *order_of):
        told(order, state)

    assert Refund.objects.get().state == Refund.State.DONE
    assert Payment.objects.get().refunded_cents == 1000


def test_a_refund_that_succeeded_after_it_had_failed_is_for_a_person(order: Order, buyer: User) -> None:
    told(order, FAILED)

    assert told(order, SUCCEEDED).outcome is Outcome.REVIEW

    assert wallet(buyer).wallet_balance_nano_usd == order.credit_nano_usd


def test_a_dispute_takes_back_and_freezes_and_mails(order: Order, buyer: User) -> None:
    assert disputed(order).outcome is Outcome.REVIEW
    assert disputed(order).outcome is Outcome.NOTHING_NEW

    assert (wallet(buyer).wallet_balance_nano_usd, wallet(buyer).is_frozen) == (0, True)
    assert Refund.objects.get().kind == Refund.Kind.DISPUTE
    assert OrderMail.objects.filter(kind="dispute").count() == 1


def test_a_dispute_that_is_won_gives_back_and_thaws(order: Order, buyer: User) -> None:
    disputed(order)

    refunds.give_up(Refund.objects.get(), why="won")

    assert wallet(buyer).wallet_balance_nano_usd == order.credit_nano_usd
    assert not wallet(buyer).is_frozen


def test_a_dispute_after_a_part_takes_what_is_left(order: Order) -> None:
    told(order, amount_cents=400)
    disputed(order)
    told(order, refund_id="ref_9")

    assert Payment.objects.get().refunded_cents == 1000
    assert list(Refund.objects.order_by("pk").values_list("amount_cents", flat=True)) == [400, 600]
    assert Review.objects.count() == 3


def test_a_refund_waits_for_its_payment(buyer: User) -> None:
    order = make.order(user=buyer)
    assert told(order).outcome is None

    paying.pay(order)
    assert told(order).outcome is Outcome.REVIEW
    delivery.deliver(order.pk)

    assert shoppers.again(order).state == Order.State.REFUNDED
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "difference",
    [{"transaction_id": "tran_other"}, {"currency": "EUR"}, {"mode": Mode.LIVE}, {"provider": "nowpayments"}],
)
def test_what_does_not_fit_the_payment_is_only_reviewed(order: Order, difference: dict[str, Any]) -> None:
    assert told(order, **difference).outcome is Outcome.REVIEW

    assert not Refund.objects.exists()


def name_of(fact_name: str) -> bool:
    return "refund." in fact_name or "dispute." in fact_name


@pytest.mark.parametrize("name", [name for name in names("webhook.") if name_of(name)])
def test_every_recorded_refund_and_dispute_takes_back_what_its_transaction_paid(
    name: str, nudges: Nudges
) -> None:
    said = fixture(name)["object"]
    transaction = said["transaction"]
    transaction_id = transaction if isinstance(transaction, str) else transaction["id"]
    cents = said.get("refund_amount", said.get("amount"))
    order = shoppers.delivered(user=UserFactory.create())
    Payment.objects.update(
        transaction_id=transaction_id,
        paid_cents=cents,
        currency=said.get("refund_currency", said.get("currency")),
    )

    assert creem_said.tell(orjson.dumps(fixture(name))) == 200
    inbox.handle(InboxEvent.objects.get().pk)

    refund = Refund.objects.get()
    assert (refund.order, refund.amount_cents) == (order, cents)
    assert refund.kind == ("dispute" if "dispute." in name else "refund")
    assert refund.state == ("awaiting" if said.get("status") == "pending" else "done")
    assert refund.taken_nano_usd + refund.debt_nano_usd == order.credit_nano_usd
    assert InboxEvent.objects.get().outcome == Outcome.REVIEW
