"""Switches: how a stand-in is told to behave for a while."""

from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """Something that is in force `times` times, or until changed."""

    times: int | None = None

    def __post_init__(self) -> None:
        """Refuse what can never be in force."""
        if self.times is not None and self.times < 1:
            raise ValueError("times is at least 1")


InForce = TypeVar("InForce", bound=Passing)


class Switch(Generic[InForce]):
    """Holds what is in force, and goes back to normal when its times are used up."""

    def __init__(self, normal: InForce) -> None:
        self._normal = normal
        self.in_force = normal

    def turn(self, order: Any) -> None:
        """Put in force what the JSON value ``order`` says, in place of what was; raises ValueError."""
        try:
            self.in_force = type(self._normal)(**order)
        except TypeError as error:
            raise ValueError(str(error)) from None

    def take(self) -> InForce:
        """Return what is in force, and count it as met."""
        taken = self.in_force
        if taken.times is not None:
            self.in_force = replace(taken, times=taken.times - 1) if taken.times > 1 else self._normal
        return taken
