"""Where plays are played: the real view and the real tasks, on rows that are committed."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from billing import tasks
from billing.models import InboxEvent, Mode, Order
from billing.services import inbox, orders
from billing.services.orders import Buyer
from portal.celery import app
from tests.billing import creem_said, end_state
from tests.billing.plays import FAULTS, PURCHASE, SALES, Play
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

REFUSED = {"forged": 401, "bare": 401, "huge": 413}
HUGE = b" " * (5 * 2**20)


class Killed(BaseException):
    """The worker is dead: it catches nothing any more."""


class Theatre:
    """Plays with one shop; ``queue`` is where messages to the workers go."""

    def __init__(self, queue: list[tuple[str, int]]) -> None:
        self.statements = 0
        self.queue = queue
        self._client = Client()
        self.numbers = count(1)
        self._expected: dict[Play, dict[str, Any]] = {}
        self._prices = {
            sale: make.package(sale, delivery="code" if sale == "code" else "auto").prices.get()
            for sale in SALES
        }
        creem_said.tell(b"")  # one event for all plays: it has no id of its own
        tasks.handle_event(queue.pop()[1])

    def differs(self, play: Play) -> str:
        """Play; return how the end differs from that of the ordered single play, or nothing."""
        single = Play(self.ordered(play.messages), sale=play.sale)
        if single not in self._expected:
            self._expected[single] = self.end_of(single)
        end, expected = self.end_of(play), self._expected[single]
        assert self.statements >= play.statement, f"nobody was struck in {play}: {self.statements}"
        if play.strike and end["Order"][0][1] == Order.State.REFUNDED:
            # The worker died between payment and delivery: the refund was there before the next one.
            expected = self._undelivered(single)
        return "" if end == expected else f"{play}\n    {end}\n    {expected}"

    def _undelivered(self, single: Play) -> dict[str, Any]:
        """Return the end of ``single`` when nothing is delivered before all messages are handled."""
        unseen = Play(single.messages, "undelivered", single.sale)
        if unseen not in self._expected:
            self._expected[unseen] = self.end_of(unseen)
        return self._expected[unseen]

    def ordered(self, messages: tuple[str, ...]) -> tuple[str, ...]:
        """Return ``messages`` as they should have come: in order, each once, and none that is refused."""
        return tuple(each for each in PURCHASE + FAULTS if each in messages and each not in REFUSED)

    def end_of(self, play: Play) -> dict[str, Any]:
        """Play, let everything that waits be done, and return what is left."""
        self.statements = 0
        tag = f"T{next(self.numbers):06}T"
        before = end_state.marks()
        for place, message in enumerate((*play.messages, None)):
            if place == min(play.placed_after, len(play.messages)):
                self.place(play, tag)
            if message is not None:
                self.tell(message, tag)
                self._work(play, is_last=place == len(play.messages) - 1)
        self.settle(play)
        return end_state.since(before, tag)

    def place(self, play: Play, tag: str) -> None:
        user = UserFactory.create() if play.sale == "wallet" else None
        buyer = Buyer(email=f"{tag}@example.com", language="en", user=user)
        orders.place(
            orders.of_package(self._prices[play.sale]), buyer, mode=Mode.TEST, reference=f"ord_{tag}"
        )

    def tell(self, message: str, tag: str) -> None:
        body = BODIES[message](f"ord_{tag}", tag)
        signature = "0" * 64 if message in {"forged", "bare"} else None
        status = creem_said.tell(body, client=self._client, signature=signature)
        assert status == REFUSED.get(message, 200)

    def _work(self, play: Play, *, is_last: bool) -> None:
        match play.handling:
            case "lost":
                self.queue.clear()
            case "undelivered":
                while self.queue:
                    inbox.handle(self.queue.pop(0)[1])
            case "at once":
                self._drain(play)
            case "each twice":
                self.queue.extend(tuple(self.queue))
                self._drain(play)
            case "backwards" if is_last:
                self.queue.reverse()
                self._drain(play)
            case "late" if is_last:
                self._drain(play)

    def settle(self, play: Play) -> None:
        """Let time pass until nothing waits: back-offs end, sweeps run, unknown orders are given up."""
        for age in (0, 0, 25):
            now = timezone.now()
            waiting = InboxEvent.objects.filter(handle_at__isnull=False)
            waiting.update(handle_at=now, received_at=now - timedelta(hours=age))
            Order.objects.filter(deliver_at__isnull=False).update(deliver_at=now)
            tasks.sweep_inbox()
            tasks.sweep_deliveries()
            self._drain(play)

    def _drain(self, play: Play) -> None:
        while self.queue:
            name, pk = self.queue.pop(0)
            try:
                with connection.execute_wrapper(self._striking(play)):
                    app.tasks[name](pk)
            except (Killed, OperationalError):
                assert play.strike

    def _striking(self, play: Play) -> Callable[..., Any]:
        def execute(execute: Callable[..., Any], *statement: Any) -> Any:
            self.statements += 1
            if play.strike and self.statements == play.statement:
                raise Killed if play.strike == "killed" else OperationalError
            return execute(*statement)

        return execute


def _changed(event: str, **changes: Any) -> Callable[[str, str], bytes]:
    return lambda reference, tag: creem_said.completed(reference, tag=tag, event=event, **changes)


BODIES: dict[str, Callable[[str, str], bytes]] = {
    "paid": _changed("paid"),
    "twin": _changed("twin"),
    "stolen": lambda reference, tag: creem_said.completed(f"{reference}b", tag=tag, event="stolen"),
    "refund": lambda reference, tag: creem_said.taken_back(creem_said.REFUND, reference, tag=tag),
    "dispute": lambda reference, tag: creem_said.taken_back(creem_said.DISPUTE, reference, tag=tag),
    "second": _changed("second", transaction="second"),
    "forged": _changed("forged"),
    "nobody": lambda _, tag: creem_said.completed(
        f"nobody_{tag}", tag=f"n{tag}", event="nobody", transaction="nobody"
    ),
    "amount": _changed("amount", amount=999),
    "product": _changed("product", product_id="prod_mini"),
    "currency": _changed("currency", currency="EUR"),
    "units": _changed("units", units=2),
    "live": _changed("live", mode="prod"),
    "unheard": lambda reference, tag: creem_said.unheard_of(reference, tag=tag),
    "subscription": lambda reference, tag: creem_said.subscription(reference, tag=tag),
    "unreadable": lambda _, tag: f"not JSON {tag}".encode(),
    "empty": lambda *_: b"",
    "bare": lambda *_: b"",
    "huge": lambda *_: HUGE,
}
