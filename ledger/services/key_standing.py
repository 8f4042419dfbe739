"""What a key may do at this moment, read without reserving anything: for lists of models."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from psycopg import AsyncConnection

from ledger.services import networks
from ledger.services.holds import RefusalReason

STANDING_SQL = """
    select reason, account_id, may_use_paid, allowed_models
    from ledger_key_standing(%s, %s::bytea[], %s::inet, %s, clock_timestamp())
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a key may call, or why not, and which models.

    A plan or credit in the wallet opens the paid models. A key with `allowed_models` may call none but those.
    """

    refusal: RefusalReason | None
    account_id: int | None
    may_use_paid: bool
    allowed_models: frozenset[int] | None


async def look_up(
    connection: AsyncConnection, key_id: str, secret_hashes: Sequence[bytes], *, client_address: str
) -> Standing:
    """Return the standing of the key; an unknown key, a wrong secret and a deleted key look the same."""
    address, threshold = networks.plain_address(client_address), settings.WALLET_THRESHOLD_NANO_USD
    cursor = await connection.execute(STANDING_SQL, [key_id, list(secret_hashes), address, threshold])
    [(reason, account_id, may_use_paid, allowed_models)] = await cursor.fetchall()
    return Standing(
        RefusalReason(reason) if reason else None,
        account_id,
        may_use_paid,
        None if allowed_models is None else frozenset(allowed_models),
    )
