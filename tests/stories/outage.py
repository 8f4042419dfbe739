"""An hour in which a provider fails, one way after the other, and the people who meet with that."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from html import unescape
from typing import Any

import requests

from tests.cluster import Cluster
from tests.stories.visitor import KEY_SHAPE, Visitor

FULL = os.environ.get("PROVE") == "1"
CLOCK_SCALE = 30 if FULL else 180  # of the provider's clock: its hour takes two minutes, or twenty seconds
HOUR_SECONDS = 3600
# In each part of the hour.
BUYERS = 4 if FULL else 1
EMAIL = "guest@example.com"

# What its API does, each for a part of the hour; those that let a buyer wait come first.
FAULTS: list[dict[str, Any]] = [
    {"mode": "drip", "seconds": 1},
    {"mode": "stall", "seconds": 600},
    {"mode": "fail", "status": 429, "retry_after": "600"},
    {"mode": "fail", "status": 500},
    {"mode": "garbage"},
    {"mode": "truncate"},
    {"mode": "reset"},
]

Act = Callable[[], object]


class Buyer(Visitor):
    """A guest with one order, who keeps what the shop showed."""

    def __init__(self, shop: Cluster) -> None:
        super().__init__(shop.site_url)
        self.shown: list[requests.Response] = []

    def buy(self, slug: str, **way: str) -> None:
        """Order, and look at the order's page."""
        self.reference = self.order(slug, EMAIL, **way)
        self.look()

    def look(self) -> None:
        self.shown.append(self.get(f"/orders/{self.reference}"))

    def press(self, button: str, **fields: str) -> None:
        self.shown.append(self.post(f"/orders/{self.reference}/{button}", **fields))

    def is_told(self, words: set[str]) -> bool:
        """Tell whether the last page is one that says all these ``words``."""
        text = unescape(self.shown[-1].text)
        return self.shown[-1].status_code == 200 and all(each in text for each in words)

    def holds_a_key(self) -> bool:
        self.look()
        return KEY_SHAPE.search(self.shown[-1].text) is not None


def at_each(part_of: Sequence[Buyer], act: Callable[[Buyer], object]) -> list[list[Act]]:
    """Return what is done in each part of the hour, when every buyer in turn acts in one of them."""
    return [
        [lambda buyer=buyer: act(buyer) for buyer in part_of[part :: len(FAULTS)]]  # type: ignore[misc]
        for part in range(len(FAULTS))
    ]


@contextmanager
def an_hour_of_faults(turn: Callable[..., None], *acts: list[list[Act]]) -> Iterator[None]:
    """Let the provider fail for an hour, one way after the other, and until every buyer has met with it.

    ``turn`` sets what calls meet; each of ``acts`` says what is done in each part of the hour.
    """
    turn(**FAULTS[0])
    with ThreadPoolExecutor(1 + sum(len(part) for each in acts for part in each)) as people:
        hour = people.submit(_live_through_it, people, turn, acts)
        yield
        hour.result()
    turn()


def _live_through_it(
    people: ThreadPoolExecutor, turn: Callable[..., None], acts: Sequence[list[list[Act]]]
) -> None:
    began, done = time.monotonic(), []
    for part, fault in enumerate(FAULTS):
        turn(**fault)
        done += [people.submit(act) for each in acts for act in each[part]]
        over = began + HOUR_SECONDS / CLOCK_SCALE * (part + 1) / len(FAULTS)
        time.sleep(max(0, over - time.monotonic()))
    for act in done:
        act.result()
