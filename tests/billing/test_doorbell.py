"""Workers hear of every webhook that was stored, and nobody waits until they have heard."""

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from celery import Task

from billing import doorbell, tasks

HANDLE, HAND_OUT = "billing.tasks.handle_event", "billing.tasks.hand_out_events"


class SlowBroker:
    """Takes a message when it is told to, and keeps it."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Any]] = []
        self.is_reached, self.may_answer = Event(), Event()

    def take(self, task: "Task[Any, Any]", args: tuple[Any], _: object) -> None:
        self.is_reached.set()
        assert self.may_answer.wait(20)
        self.taken.append((task.name, *args))


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowBroker]:
    broker = SlowBroker()
    monkeypatch.setattr(Task, "apply_async", lambda *said: broker.take(*said))
    yield broker
    broker.may_answer.set()
    doorbell.wait_until_sent()


def test_whoever_rings_does_not_wait_for_the_broker(broker: SlowBroker) -> None:
    doorbell.ring(1)

    assert broker.is_reached.wait(20)
    assert broker.taken == []


def test_what_is_rung_while_a_message_is_sent_goes_with_the_next(broker: SlowBroker) -> None:
    doorbell.ring(1)
    assert broker.is_reached.wait(20)
    for event_pk in (2, 3, 4):
        doorbell.ring(event_pk)
    broker.may_answer.set()
    doorbell.wait_until_sent()

    assert broker.taken == [(HANDLE, 1), (HAND_OUT, [2, 3, 4])]


def test_webhooks_that_came_together_are_handled_one_by_one(nudges: list[tuple[str, int]]) -> None:
    tasks.hand_out_events([2, 3, 4])

    assert nudges == [(HANDLE, 2), (HANDLE, 3), (HANDLE, 4)]


def test_a_fault_is_told_and_the_next_webhook_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, nudges: list[tuple[str, int]]
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Task, "apply_async", lambda *_: [][0])
        doorbell.ring(1)
        doorbell.wait_until_sent()

    doorbell.ring(2)
    doorbell.wait_until_sent()

    assert "waits for the sweep" in caplog.text
    assert nudges == [(HANDLE, 2)]
