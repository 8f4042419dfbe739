"""Plays at the sandbox's Creem: the order is paid there, and its webhook comes, or somebody asks, or both."""

from typing import Any

import orjson
from django.utils import timezone

from billing import tasks
from billing.models import Order
from billing.services import checkouts
from tests.billing import creem_said
from tests.billing.plays import Play
from tests.billing.theatre import Theatre
from tests.sandbox.running_creem import RunningCreem

MET: dict[str, dict[str, Any]] = {
    "fail": {"mode": "fail", "status": 503},
    "busy": {"mode": "fail", "status": 429, "retry_after": "60"},
    "garbage": {"mode": "garbage"},
    "reset": {"mode": "reset"},
}


class AskingTheatre(Theatre):
    """As `Theatre`, with orders that have a page and are paid there before anything is told or asked."""

    def __init__(self, queue: list[tuple[str, int]], creem: RunningCreem) -> None:
        super().__init__(queue)
        self._creem = creem

    def ordered(self, messages: tuple[str, ...]) -> tuple[str, ...]:
        return ("told",)

    def place(self, play: Play, tag: str) -> None:
        super().place(play, tag)
        checkouts.open_page(_order(tag))
        buyer = {"email": "payer@example.com"}
        assert self._creem.control(f"/checkouts/{_order(tag).checkout_id}/pay", buyer).ok

    def tell(self, message: str, tag: str) -> None:
        match message:
            case "told":
                said = {"id": f"evt_{tag}", "eventType": "checkout.completed", "object": self._paid(tag)}
                assert creem_said.tell(orjson.dumps(said)) == 200
            case "asked":
                checkouts.ask(_order(tag).pk)
            case "swept":
                _sweep(tag)
            case fault:
                self._creem.fail(**MET[fault])
                _sweep(tag)
                self._creem.fail()

    def settle(self, play: Play) -> None:
        for order in Order.objects.filter(ask_at__isnull=False):
            _sweep(order.reference.removeprefix("ord_"))
        super().settle(play)

    def end_of(self, play: Play) -> dict[str, list[Any]]:
        """Return what is left, in which the ids of Creem are named as what they are."""
        state = super().end_of(play)
        del state["InboxEvent"]  # it is empty when nothing was told
        paid = self._creem.get_checkout(Order.objects.latest("pk").checkout_id)
        text = orjson.dumps(state).decode()
        for name, known in {"transaction": "order", "id": "order"}.items():
            text = text.replace(f'"{paid[known][name]}"', f'"the {name}"')
        told: dict[str, list[Any]] = orjson.loads(text)
        return told

    def _paid(self, tag: str) -> dict[str, Any]:
        return self._creem.get_checkout(_order(tag).checkout_id)


def _order(tag: str) -> Order:
    return Order.objects.get(reference=f"ord_{tag}")


def _sweep(tag: str) -> None:
    """Let the order be due, and sweep."""
    Order.objects.filter(reference=f"ord_{tag}", ask_at__isnull=False).update(ask_at=timezone.now())
    tasks.ask_open_orders()
