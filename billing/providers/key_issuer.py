"""A console of somebody else that makes API keys, as the shop sees it.

Keys that our own gateway honours need none of this: they are made in the transaction that hands them over.
"""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWish:
    """What key to make. `quota` is what it may spend, in the console's own unit."""

    name: str
    quota: int
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A key as the console knows it, with what it may still spend."""

    id: str
    text: str = field(repr=False)
    quota_left: int


class KeyIssuer(Protocol):
    """Makes, finds and deletes keys.

    It raises nothing but the classes of `errors`, and takes seconds: never call it inside a transaction.
    """

    def create(self, wish: KeyWish) -> ForeignKey:
        """Make a key, or return the one that the same wish made before."""
        ...

    def find(self, name: str) -> list[ForeignKey]:
        """Return the keys of exactly that name that are not deleted."""
        ...

    def delete(self, key_id: str) -> None:
        """Delete a key for ever; one that is gone is refused."""
        ...
