"""What a provider told us is stored once, acted on once, and waits as long as that fails."""

import hashlib
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from billing import tasks
from billing.models import InboxEvent, Order, OrderStep, Payment, Review
from billing.providers.errors import InvalidSignature
from billing.providers.facts import Fact
from billing.services import inbox, mails
from tests.billing import creem_said
from tests.factories import billing as make
from tests.together import together

Outcome = InboxEvent.Outcome


def received(body: bytes) -> int:
    event_pk = inbox.receive("creem", body, {"creem-signature": creem_said.signature_of(body)})
    assert event_pk is not None
    return event_pk


def event() -> InboxEvent:
    return InboxEvent.objects.get()


def wait_of(told: InboxEvent) -> timedelta:
    assert told.handle_at is not None
    return told.handle_at - timezone.now()


@pytest.mark.django_db
def test_a_webhook_is_stored_byte_for_byte_and_waits() -> None:
    body = creem_said.completed("ord_1") + b" \n"

    event_pk = received(body)

    told = event()
    assert (told.pk, bytes(told.body)) == (event_pk, body)
    assert (told.provider, told.event_id, told.kind) == ("creem", "evt_paid_1", "checkout.completed")
    assert told.sent_at is not None
    assert list(InboxEvent.objects.waiting()) == [told]


@pytest.mark.django_db
def test_a_repeated_webhook_is_counted_and_nudged_again_while_it_waits() -> None:
    body = creem_said.completed("ord_1")

    assert {received(body) for _ in range(3)} == {event().pk}
    assert event().deliveries == 3


@pytest.mark.django_db
def test_a_repeated_webhook_that_is_done_needs_nothing() -> None:
    body = creem_said.unheard_of("ord_1")
    inbox.handle(received(body))

    assert inbox.receive("creem", body, {"creem-signature": creem_said.signature_of(body)}) is None
    assert event().deliveries == 2


@pytest.mark.django_db
@pytest.mark.parametrize("signature", ["", "0" * 64, "é"])
def test_what_was_not_signed_is_not_stored(signature: str) -> None:
    with pytest.raises(InvalidSignature):
        inbox.receive("creem", creem_said.completed("ord_1"), {"creem-signature": signature})

    assert InboxEvent.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff\x00", b'{"id": 5, "eventType": ["x"]}'])
def test_whatever_was_signed_is_stored_and_kept(body: bytes) -> None:
    inbox.handle(received(body))

    told = event()
    assert told.event_id == f"sha256:{hashlib.sha256(body).hexdigest()}"
    assert (bytes(told.body), told.kind, told.outcome) == (body, "unreadable", Outcome.KEPT)


@pytest.mark.django_db
def test_ids_and_kinds_beyond_all_reason_are_stored_as_far_as_they_fit() -> None:
    said = {"id": "e" * 250, "eventType": "k" * 250, "object": {}}

    inbox.handle(received(orjson.dumps(said)))

    assert (event().event_id[:7], event().kind) == ("sha256:", "k" * 80)
    assert event().outcome == Outcome.KEPT


@pytest.mark.django_db(transaction=True)
def test_a_webhook_is_never_stored_inside_a_transaction() -> None:
    body = creem_said.completed("ord_1")

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        received(body)


@pytest.mark.django_db(transaction=True)
def test_of_one_webhook_that_comes_often_at_once_one_is_stored() -> None:
    body = creem_said.completed("ord_1")

    pks = together(16, lambda _: received(body))

    assert pks == [event().pk] * 16
    assert event().deliveries == 16


@pytest.mark.django_db
def test_a_payment_is_applied_and_its_order_is_to_be_delivered() -> None:
    order = make.order()
    event_pk = received(creem_said.completed(order.reference))

    assert inbox.handle(event_pk) == order.pk

    told = event()
    assert (told.outcome, told.order, told.handle_at) == (Outcome.APPLIED, order, None)
    assert told.handled_at is not None
    step = order.steps.latest("pk")
    assert (step.kind, step.detail) == (OrderStep.Kind.EVENT, "checkout.completed: applied")


@pytest.mark.django_db
def test_an_event_is_handled_once() -> None:
    order = make.order()
    event_pk = received(creem_said.completed(order.reference))
    inbox.handle(event_pk)
    steps = order.steps.count()

    assert inbox.handle(event_pk) is None
    assert order.steps.count() == steps


@pytest.mark.django_db
def test_an_event_that_is_not_there_is_nobodys() -> None:
    assert inbox.handle(1) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_handles_an_event() -> None:
    order = make.order()
    event_pk = received(creem_said.completed(order.reference))

    results = together(8, lambda _: inbox.handle(event_pk))

    assert sorted(results, key=str) == [order.pk, *[None] * 7]
    assert (Payment.objects.count(), order.mails.count()) == (1, 1)


@pytest.mark.django_db
def test_a_payment_under_another_event_id_is_nothing_new() -> None:
    order = make.order()
    inbox.handle(received(creem_said.completed(order.reference)))

    assert inbox.handle(received(creem_said.completed(order.reference, event="twin"))) is None
    assert InboxEvent.objects.latest("pk").outcome == Outcome.NOTHING_NEW


@pytest.mark.django_db
def test_a_payment_of_an_order_that_is_not_there_yet_waits_for_it() -> None:
    event_pk = received(creem_said.completed("ord_later", tag="later"))

    assert inbox.handle(event_pk) is None

    assert (event().attempts, event().outcome, Review.objects.count()) == (1, "", 0)
    order = make.order()
    Order.objects.update(reference="ord_later")
    assert inbox.handle(event_pk) == order.pk
    assert event().last_error == ""


@pytest.mark.django_db
def test_a_payment_of_an_order_that_never_came_is_reviewed_after_a_day() -> None:
    event_pk = received(creem_said.completed("ord_nobody"))
    InboxEvent.objects.update(received_at=timezone.now() - timedelta(hours=23, minutes=59))
    inbox.handle(event_pk)
    assert event().outcome == ""

    InboxEvent.objects.update(received_at=timezone.now() - timedelta(hours=24))
    inbox.handle(event_pk)

    review = Review.objects.get()
    assert (event().outcome, review.reason, review.event) == (
        Outcome.REVIEW,
        Review.Reason.UNKNOWN_ORDER,
        event(),
    )
    assert review.subject == "creem tran_paid_1"


@pytest.mark.django_db
def test_a_paid_subscription_of_an_order_that_never_came_is_for_a_person_after_a_day() -> None:
    event_pk = received(creem_said.subscription("ord_nobody"))
    inbox.handle(event_pk)
    assert event().outcome == ""

    InboxEvent.objects.update(received_at=timezone.now() - timedelta(hours=24))
    inbox.handle(event_pk)

    assert (event().outcome, Review.objects.get().reason) == (Outcome.REVIEW, Review.Reason.UNKNOWN_ORDER)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 1), (1, 2), (5, 32), (11, 2048), (12, 3600), (13, 3600), (500, 3600)]
)
def test_each_failed_try_lets_an_event_wait_longer_but_never_for_more_than_an_hour(
    attempts: int, seconds: int
) -> None:
    event_pk = received(creem_said.completed("ord_nobody"))
    InboxEvent.objects.update(attempts=attempts)

    inbox.handle(event_pk)

    assert event().attempts == attempts + 1
    assert timedelta(seconds=seconds - 1) < wait_of(event()) <= timedelta(seconds=seconds)


ADDRESS, KEY = "buyer@example.com", "sk-secret"


def _fail(*_: Any, **__: Any) -> None:
    raise ValueError(ADDRESS, KEY)


def _fail_in_the_database(*_: Any, **__: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::int", [ADDRESS])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fault", "error"),
    [(_fail, ValueError), (_fail_in_the_database, DatabaseError)],
    ids=["ours", "database"],
)
def test_a_fault_leaves_the_event_waiting_with_the_place_and_without_the_message(
    monkeypatch: pytest.MonkeyPatch, fault: Any, error: type[Exception]
) -> None:
    order = make.order()
    event_pk = received(creem_said.completed(order.reference))
    with monkeypatch.context() as broken:
        broken.setattr(mails, "owe", fault)
        with pytest.raises(error):
            inbox.handle(event_pk)

    told = event()
    assert (told.attempts, told.handled_at, Payment.objects.count()) == (1, None, 0)
    assert "in apply" in told.last_error
    assert ADDRESS not in told.last_error
    assert KEY not in told.last_error
    assert timedelta(0) < wait_of(told) <= timedelta(seconds=1)
    assert inbox.handle(event_pk) == order.pk
    assert event().last_error == ""


@pytest.mark.django_db
def test_a_fault_changes_nothing_when_another_worker_is_done_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event_pk = received(creem_said.unheard_of("ord_1"))
    handled = inbox._handle

    def fail_late(event_pk: int, fact: Fact) -> None:
        handled(event_pk, fact)
        raise LookupError

    monkeypatch.setattr(inbox, "_handle", fail_late)
    with pytest.raises(LookupError):
        inbox.handle(event_pk)

    assert (event().outcome, event().handle_at, event().attempts) == (Outcome.KEPT, None, 0)


@pytest.mark.django_db
def test_a_replayed_event_does_nothing_twice() -> None:
    order = make.order()
    event_pk = received(creem_said.completed(order.reference))
    inbox.handle(event_pk)

    inbox.replay(event_pk)

    assert list(InboxEvent.objects.waiting()) == [event()]
    assert inbox.handle(event_pk) is None
    assert event().outcome == Outcome.NOTHING_NEW
    assert (Payment.objects.count(), order.mails.count()) == (1, 1)


@pytest.mark.django_db
def test_the_sweep_nudges_what_is_due_and_nothing_else(nudges: list[tuple[str, int]]) -> None:
    done, later = received(creem_said.unheard_of("1", tag="a")), received(creem_said.completed("2", tag="b"))
    inbox.handle(done)
    inbox.handle(later)
    waiting = received(creem_said.completed("ord_3", tag="c"))

    tasks.sweep_inbox()
    tasks.sweep_inbox()

    assert nudges == [("billing.tasks.handle_event", waiting)] * 2


@pytest.mark.django_db
def test_what_a_payment_pays_is_delivered_without_another_message(nudges: list[tuple[str, int]]) -> None:
    order = make.order()
    event_pk = received(creem_said.completed(order.reference))

    tasks.handle_event(event_pk)
    tasks.handle_event(event_pk)

    order.refresh_from_db()
    assert order.state == Order.State.DELIVERED
    assert nudges == []
