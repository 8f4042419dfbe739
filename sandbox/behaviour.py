"""The behaviour switch: what the next calls to the model server meet, on whichever surface."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal, get_args

from sandbox.switch import Passing

Mode = Literal[
    "normal",
    "fail",
    "fail_mid_stream",
    "malformed_sse",
    "reset_before_first_byte",
    "slow",
    "stall",
    "omit_usage",
    "usage",
    "usage_twice",
]
Ending = Literal["cut", "reset", "error_frame", "silence"]


@dataclass(frozen=True, slots=True)
class Report:
    """The usage that a caller is told: early in a stream, and at the end of any answer; None is nothing.

    A stream whose surface tells usage at its end only tells the first there, too, if it `is_double`.
    """

    first: Any
    last: Any
    is_double: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour(Passing):
    """What a call meets; `mode` says which of the other fields count.

    ``fail``: an error of `status` in place of an answer.
    ``fail_mid_stream``: an answer that breaks off after `after_chunks` chunks (at least one), by `ending`:
    the connection is cut, or reset, or the stream ends with an error frame, or in silence without its end
    mark. A plain answer is cut in the middle of its body.
    ``malformed_sse``: a frame that is not JSON after `after_chunks` chunks (at least one) of a stream.
    ``reset_before_first_byte``: a connection reset in place of an answer.
    ``slow``: the head of the answer, and its first byte after `seconds`.
    ``stall``: `seconds` of silence after `after_chunks` chunks; then the answer goes on.
    ``omit_usage``: an answer without usage. ``usage``: an answer with this `usage`, however absurd.
    ``usage_twice``: a stream that ends with two reports, of which the second is true.

    It is in force for `times` calls, or until changed; with `model`, for calls of that model alone.
    """

    mode: Mode = "normal"
    status: int = 500
    after_chunks: int = 0
    ending: Ending = "cut"
    seconds: float = 30
    usage: Any = None
    model: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no call can meet."""
        Passing.__post_init__(self)  # a class with slots has no working super()
        if self.mode not in get_args(Mode):
            raise ValueError(f"mode is one of: {', '.join(get_args(Mode))}")
        if self.ending not in get_args(Ending):
            raise ValueError(f"ending is one of: {', '.join(get_args(Ending))}")
        if not 400 <= self.status <= 599:
            raise ValueError("status is from 400 to 599")
        if self.after_chunks < 0 or self.seconds < 0:
            raise ValueError("after_chunks and seconds are not negative")

    @property
    def strikes_midway(self) -> bool:
        """Whether this is met after the answer has begun."""
        return self.mode in ("fail_mid_stream", "slow") or (self.mode == "stall" and self.after_chunks > 0)

    def for_plain_answer(self) -> "Behaviour":
        """Return the same for an answer that has two chunks, the halves of its body, and no frames."""
        return replace(self, after_chunks=min(self.after_chunks, 1), ending="cut")

    def report(self, *, first: dict[str, Any], last: dict[str, Any]) -> Report:
        """Return what the caller is told where ``first`` and ``last`` are true."""
        match self.mode:
            case "omit_usage":
                return Report(None, None)
            case "usage":
                return Report(self.usage, self.usage)
            case mode:
                return Report(first, last, is_double=mode == "usage_twice")


NORMAL = Behaviour()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Behaviour):
    """A behaviour that a share of the calls meets, by chance; nothing else limits it."""

    share: float

    def __post_init__(self) -> None:
        """Refuse what cannot be a part."""
        Behaviour.__post_init__(self)
        if not 0 < self.share <= 1:
            raise ValueError("share is above 0, and at most 1")
        if self.times is not None or self.model is not None:
            raise ValueError("times and model belong to the mix, not to its parts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix(Passing):
    """Behaviours that calls meet by chance; what the shares leave of 1 is normal.

    The same `seed` deals the same behaviours, in the order in which calls arrive.
    """

    mix: Sequence[Part]
    seed: int = 0
    model: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be dealt."""
        Passing.__post_init__(self)
        if not self.mix or sum(part.share for part in self.mix) > 1 + 1e-9:
            raise ValueError("a mix has parts, and their shares are at most 1 together")
        if type(self.seed) is not int:
            raise ValueError("seed is a whole number")

    def deal(self, chance: float) -> Behaviour:
        """Return the behaviour that ``chance``, from 0 to 1, falls upon."""
        for part in self.mix:
            if chance < part.share:
                return part
            chance -= part.share
        return NORMAL


class ToldToFail(Exception):
    """The call is to be answered by an error."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class ToldToBreakOff(Exception):
    """The answer is to end here."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending


async def misbehave(behaviour: Behaviour, *, chunks_sent: int) -> None:
    """Do what ``behaviour`` says of this point of an answer: nothing, wait, or raise.

    To be called before the first chunk, with 0, and after each. Raises ToldToFail or ToldToBreakOff.
    """
    match behaviour:
        case Behaviour(mode="normal"):
            pass
        case Behaviour(mode="fail", status=status):
            raise ToldToFail(status)
        case Behaviour(mode="reset_before_first_byte"):
            raise ToldToBreakOff("reset")
        case Behaviour(mode="fail_mid_stream", after_chunks=last) if chunks_sent >= max(last, 1):
            raise ToldToBreakOff(behaviour.ending)
        case Behaviour(mode="stall", after_chunks=last, seconds=seconds) if chunks_sent == last:
            await asyncio.sleep(seconds)
        case _:
            pass


class BehaviourSwitch:
    """Holds what is in force and hands it to the calls that it is meant for."""

    def __init__(self) -> None:
        self.in_force: Behaviour | Mix = NORMAL
        self._chance = Random()  # noqa: S311 - deals behaviours, keeps no secret

    def turn(self, order: Any) -> None:
        """Put in force what the JSON value ``order`` says, in place of what was; raises ValueError."""
        try:
            self.in_force = _mix(order) if "mix" in order else Behaviour(**order)
        except TypeError as error:
            raise ValueError(str(error)) from None
        if isinstance(self.in_force, Mix):
            self._chance.seed(self.in_force.seed)

    def take(self, model: str) -> Behaviour:
        """Return what a call of ``model`` meets, and count the call."""
        taken = self.in_force
        if taken.model not in (None, model):
            return NORMAL
        if taken.times is not None:
            self.in_force = replace(taken, times=taken.times - 1) if taken.times > 1 else NORMAL
        return taken if isinstance(taken, Behaviour) else taken.deal(self._chance.random())


def _mix(order: dict[str, Any]) -> Mix:
    return Mix(**{**order, "mix": [Part(**part) for part in order["mix"]]})
