"""What a key may do at this moment, read without reserving anything: for lists of models."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import AsyncConnection

from ledger.services.holds import RefusalReason

STANDING_SQL = """
    select reason, account_id, may_use_paid from ledger_key_standing(%s, %s::bytea[], clock_timestamp())
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a key may call, or why not; and whether its account has credit, which opens the paid models."""

    refusal: RefusalReason | None
    account_id: int | None
    may_use_paid: bool


async def look_up(connection: AsyncConnection, key_id: str, secret_hashes: Sequence[bytes]) -> Standing:
    """Return the standing of the key; an unknown key, a wrong secret and a deleted key look the same."""
    cursor = await connection.execute(STANDING_SQL, [key_id, list(secret_hashes)])
    [(reason, account_id, may_use_paid)] = await cursor.fetchall()
    return Standing(RefusalReason(reason) if reason else None, account_id, may_use_paid)
