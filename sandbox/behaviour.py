"""The behaviour switch: what the next chat calls to the model server meet."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

Mode = Literal["normal", "fail", "fail_mid_stream", "reset_before_first_byte", "stall", "omit_usage", "usage"]
Ending = Literal["cut", "reset", "error_frame", "silence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What a chat call meets; `mode` says which of the other fields count.

    ``fail``: an error of `status` in place of an answer.
    ``fail_mid_stream``: an answer that breaks off after `after_chunks` chunks (at least one), by `ending`:
    the connection is cut, or reset, or the stream ends with an error frame, or in silence without ``[DONE]``.
    A plain answer is cut in the middle of its body.
    ``reset_before_first_byte``: a connection reset in place of an answer.
    ``stall``: `seconds` of silence after `after_chunks` chunks; then the answer goes on.
    ``omit_usage``: an answer without usage. ``usage``: an answer with this `usage`, however absurd.

    It is in force for `times` calls, or until changed; with `model`, for calls of that model alone.
    """

    mode: Mode = "normal"
    status: int = 500
    after_chunks: int = 0
    ending: Ending = "cut"
    seconds: float = 30
    usage: Any = None
    times: int | None = None
    model: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no call can meet."""
        if self.mode not in get_args(Mode):
            raise ValueError(f"mode is one of: {', '.join(get_args(Mode))}")
        if self.ending not in get_args(Ending):
            raise ValueError(f"ending is one of: {', '.join(get_args(Ending))}")
        if not 400 <= self.status <= 599:
            raise ValueError("status is from 400 to 599")
        if self.times is not None and self.times < 1:
            raise ValueError("times is at least 1")
        if self.after_chunks < 0 or self.seconds < 0:
            raise ValueError("after_chunks and seconds are not negative")

    def for_plain_answer(self) -> "Behaviour":
        """Return the same for an answer that has two chunks, the halves of its body, and no frames."""
        return replace(self, after_chunks=min(self.after_chunks, 1), ending="cut")

    def reported_usage(self, usage: dict[str, Any]) -> Any:
        """Return what the caller is told in place of the true ``usage``; None means nothing."""
        match self.mode:
            case "omit_usage":
                return None
            case "usage":
                return self.usage
            case _:
                return usage


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
    """Holds the behaviour in force and hands it to the calls that it is meant for."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()

    def turn(self, order: Any) -> None:
        """Put in force what the JSON value ``order`` says, in place of what was; raises ValueError."""
        try:
            self.behaviour = Behaviour(**order)
        except TypeError as error:
            raise ValueError(str(error)) from None

    def take(self, model: str) -> Behaviour:
        """Return what a call of ``model`` meets, and count the call."""
        taken = self.behaviour
        if taken.model not in (None, model):
            return Behaviour()
        if taken.times is not None:
            self.behaviour = replace(taken, times=taken.times - 1) if taken.times > 1 else Behaviour()
        return taken
