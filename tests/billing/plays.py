"""What can become of a purchase's webhooks on their way: plays, each told once and never twice the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, cycle, product

# Of one purchase: the payment, the payment under another event id, its refund and its dispute.
PURCHASE = ("paid", "twin", "refund", "dispute")
# Posted beside it; signed unless forged or bare.
FAULTS = (
    "second", "forged", "nobody", "amount", "product", "currency", "units", "live", "unheard", "subscription",
    "unreadable", "empty", "bare", "huge",
)  # fmt: skip
# What becomes of the messages to the workers.
HANDLINGS = ("at once", "each twice", "late", "backwards", "lost")
SALES = ("key", "code", "wallet")
STRIKES = ("killed", "failing")


# The webhook, the button, the sweep, and a sweep that meets a fault.
ASKS = ("told", "asked", "swept", "fail", "busy", "garbage", "reset")


@dataclass(frozen=True)
class Race:
    """Two webhooks in the hands of two workers, of which the first is held at a statement of its own.

    A ``stolen`` payment is of another order, and names the transaction that paid this one.
    """

    first: str
    second: str
    statement: int


@dataclass(frozen=True)
class Play:
    """Webhooks as they arrive, for an order that is committed after so many of them.

    `strike` ends or fails the workers at their n-th statement, once.
    """

    messages: tuple[str, ...]
    handling: str = "at once"
    sale: str = "key"
    placed_after: int = 0
    strike: str = ""
    statement: int = 0


def shuffled() -> Iterator[Play]:
    """Yield every permutation of a purchase's webhooks, each of which comes once or twice."""
    others = chain.from_iterable(combinations(PURCHASE[1:], count) for count in range(len(PURCHASE)))
    told = [("paid", *some) for some in others]
    sequences = (
        sequence
        for messages in told
        for times in product((1, 2), repeat=len(messages))
        for sequence in _permutations(messages, times)
    )
    for sequence, handling, sale in zip(sequences, cycle(HANDLINGS), cycle(SALES)):
        yield Play(sequence, handling, sale)


def disturbed() -> Iterator[Play]:
    """Yield purchases with something else among their webhooks, before and after the order is there."""
    bases = (("paid", 1, "twin", 0), ("paid", 2, "twin", 0), ("paid", 1, "twin", 1))
    sales = cycle(SALES)
    for fault, (paid, paid_times, twin, twin_times), times in product(FAULTS, bases, (1, 2)):
        for sequence in _permutations((paid, twin, fault), (paid_times, twin_times, times)):
            for handling, placed_after in product(HANDLINGS, (0, 1, len(sequence))):
                yield Play(sequence, handling, next(sales), placed_after)


def struck(statements: Mapping[str, int]) -> Iterator[Play]:
    """Yield purchases whose workers are struck at each of the ``statements`` that such a sale takes."""
    for sequence in (("paid",), ("paid", "paid"), ("twin", "paid"), ("paid", "refund"), ("refund", "paid")):
        for sale, strike in product(SALES, STRIKES):
            for statement in range(1, statements[sale] + 1):
                yield Play(sequence, "at once", sale, strike=strike, statement=statement)


def asked() -> Iterator[Play]:
    """Yield purchases whose provider is asked in place of being listened to, or beside it, or in vain."""
    acts = chain.from_iterable(product(ASKS, repeat=count) for count in (1, 2, 3))
    for sequence, sale in zip(acts, cycle(SALES)):
        yield Play(sequence, sale=sale)


def raced(statements: int) -> Iterator[Race]:
    """Yield two workers who meet at each of the ``statements`` of the first."""
    others = ("paid", "twin", "second", "stolen", "amount", "refund")
    for first, second, statement in product(("paid", "stolen"), others, range(1, statements + 1)):
        yield Race(first, second, statement)


def _permutations(messages: Sequence[str], times: Sequence[int]) -> Iterator[tuple[str, ...]]:
    """Yield each order of ``messages``, which come so many times, once."""
    if not any(times):
        yield ()
    for place, message in enumerate(messages):
        if times[place]:
            fewer = [*times[:place], times[place] - 1, *times[place + 1 :]]
            for rest in _permutations(messages, fewer):
                yield (message, *rest)
