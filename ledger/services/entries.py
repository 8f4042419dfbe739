"""Entries: business events that move money between places, each once, for ever.

A `Place` is where value sits: a pool of an account, or one of the shop's own. Every movement has both ends,
so the books balance by construction.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from accounts.models import User
from ledger.errors import InsufficientBalance, ReferenceReused
from ledger.models import Account, Entry
from ledger.money import NanoUSD


class Place(NamedTuple):
    """A pool of ``account``, or, without an account, one of the shop's own places."""

    name: str
    account: Account | None = None

    @property
    def account_id(self) -> int | None:
        """Return the key of the account, if the place belongs to one."""
        return self.account.pk if self.account else None


class Movement(NamedTuple):
    """So much from here to there."""

    source: Place
    destination: Place
    amount: NanoUSD


PROMOTION = Place("promotion")
PLANS = Place("plans")
CODES = Place("codes")
REVENUE = Place("revenue")
EXPIRED = Place("expired")
REFUNDS = Place("refunds")
DEBTS = Place("debts")


def main(account: Account) -> Place:
    """Return the pool that a plan fills every month."""
    return Place("main", account)


def backup(account: Account) -> Place:
    """Return the pool that a plan keeps behind the main one."""
    return Place("backup", account)


def wallet(account: Account) -> Place:
    """Return the pool of bought credit, which never expires."""
    return Place("wallet", account)


def cash(provider: str) -> Place:
    """Return the source of credit granted for payments that ``provider`` took."""
    return Place(f"cash:{provider}")


def post(
    *,
    reference: str,
    kind: Entry.Kind,
    movements: Sequence[Movement],
    note: str = "",
    made_by: User | None = None,
) -> Entry:
    """Write one entry with its movements, once per ``reference``, in one round trip.

    The pools change in the same statement. Repeating the same movements returns the first entry and moves
    nothing; other movements under its reference raise ReferenceReused. A pool with less free credit than the
    entry takes raises InsufficientBalance. After a refusal nothing has moved, and the caller's transaction
    may go on. Credit for a wallet goes through `credits.grant`, which keeps its lot.
    """
    return answered(
        "ledger_post(%s, %s, %s, %s, %s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s)",
        [
            reference,
            kind,
            note,
            made_by.pk if made_by else None,
            [movement.source.name for movement in movements],
            [movement.source.account_id for movement in movements],
            [movement.destination.name for movement in movements],
            [movement.destination.account_id for movement in movements],
            [movement.amount for movement in movements],
            timezone.now(),
        ],
    )


def answered(call: str, parameters: Sequence[Any]) -> Entry:
    """Return the entry that ``call``, to a function of `0004_post.sql`, answers with; raise its refusals."""
    with connection.cursor() as cursor:
        cursor.execute(f"select outcome, (entry).* from {call}", parameters)  # noqa: S608 - our own text
        answer = dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
    if answer["outcome"] == "insufficient_balance":
        raise InsufficientBalance
    if answer["outcome"] == "reference_reused":
        raise ReferenceReused
    columns = [field.attname for field in Entry._meta.concrete_fields]
    return Entry.from_db(connection.alias, columns, [answer[column] for column in columns])
