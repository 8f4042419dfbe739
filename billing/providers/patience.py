"""How long a provider is waited for, and how often it is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Time-outs of one attempt, and the pauses between attempts.

    `silence` is the longest wait for the next bytes, `whole` for an answer in all. A provider that asks for a
    longer pause than `longest_pause` is not waited for: the caller hears of it at once.
    """

    connect: timedelta = timedelta(seconds=5)
    silence: timedelta = timedelta(seconds=20)
    whole: timedelta = timedelta(seconds=30)
    attempts: int = 3
    first_pause: timedelta = timedelta(milliseconds=500)
    longest_pause: timedelta = timedelta(seconds=5)

    def pauses(self) -> Iterator[timedelta]:
        """Yield the pauses after all attempts but the last, each twice the one before."""
        for doublings in range(self.attempts - 1):
            yield min(self.first_pause * 2**doublings, self.longest_pause)
