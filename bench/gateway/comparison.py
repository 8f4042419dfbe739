"""The table of all sides, and the goals that ours has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.gateway.sides import FEW, MANY, STREAMS, Side


@dataclass(frozen=True)
class Sides:
    """Everybody who takes part. Without npm there is no Portkey."""

    direct: Side
    ours: Side
    one_customer: Side
    unmetered: Side
    litellm: Side
    portkey: Side | None

    @property
    def all(self) -> list[Side]:
        """Everybody, in the order of the table."""
        there = [self.direct, self.ours, self.one_customer, self.unmetered, self.litellm]
        return there if self.portkey is None else [*there, self.portkey]


@dataclass(frozen=True)
class Goal:
    """A figure of ours, and what it has to be at least, or at most."""

    name: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def is_reached(self) -> bool:
        """Tell whether the figure is good enough."""
        return (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )


def show(sides: Sides) -> None:
    """Print the table."""
    print(f"\n{'':<42}" + "".join(f"{side.name:>14}" for side in sides.all))
    for name, digits, values in rows(sides):
        print(f"{name:<42}" + "".join(f"{value:>14,.{digits}f}" for value in values))


def rows(sides: Sides) -> Iterator[tuple[str, int, Sequence[float]]]:
    """Yield each line: its name, how many digits matter, and the figures."""
    everyone, direct = sides.all, sides.direct
    for connections in (FEW, MANY):
        yield f"calls/s, {connections} connections", 0, [each.rate(connections) for each in everyone]
    yield "ms of processor a call, without database", 2, [each.cpu_ms for each in everyone]
    for percent in (50, 99):
        yield f"ms added to a call, p{percent}", 2, [each.added_ms(direct, percent) for each in everyone]
    for percent in (50, 99):
        added = [each.added_to_first_ms(direct, percent) for each in everyone]
        yield f"ms added to a first event, p{percent}", 2, added
    yield f"tokens/s, {STREAMS} streams", 0, [each.token_rate for each in everyone]
    yield f"ms to the first event of {STREAMS} streams, p50", 1, [each.first_of_many_ms for each in everyone]
    yield "MB of memory at the end", 0, [each.server.memory_mb for each in everyone]


def judge(sides: Sides) -> bool:
    """Print the goals; tell whether all are reached."""
    print()
    found = list(goals(sides))
    for goal in found:
        bound = f"at least {goal.least:g}" if goal.least is not None else f"at most {goal.most:.2f}"
        print(f"{goal.name:<58} {goal.value:>8.2f}   ({bound}){'' if goal.is_reached else '   MISSED'}")
    return all(goal.is_reached for goal in found)


def goals(sides: Sides) -> Iterator[Goal]:
    """Yield what ours has to reach."""
    ours, direct, litellm, portkey = sides.ours, sides.direct, sides.litellm, sides.portkey
    rate = ours.rate(FEW)
    yield Goal(f"calls/s at {FEW}, times LiteLLM's", rate / litellm.rate(FEW), least=20)
    if portkey is not None:
        yield Goal(f"calls/s at {FEW}, times Portkey's", rate / portkey.rate(FEW), least=2.5)
    yield Goal(f"calls/s at {MANY}, share of those at {FEW}", ours.rate(MANY) / rate, least=0.8)
    if portkey is not None:
        added, most = ours.added_ms(direct, 50), portkey.added_ms(direct, 50)
        yield Goal("ms added to a call, p50, beside Portkey's", added, most=most)
    most = litellm.added_ms(direct, 50) / 2
    yield Goal("ms added to a call, p99, beside half of LiteLLM's p50", ours.added_ms(direct, 99), most=most)
    share = rate / sides.unmetered.rate(FEW)
    yield Goal("calls/s with metering, share of those without", share, least=0.5)
