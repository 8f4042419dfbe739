"""What a key may do, read without reserving."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest
from django.utils import timezone

from accounts.models import ApiKey
from accounts.services import api_keys
from ledger.models import KeyAllowance
from ledger.services import accounts, key_standing
from ledger.services.holds import RefusalReason
from ledger.services.key_standing import Standing
from tests.factories import ledger as make
from tests.factories.ledger import Spender
from tests.ledger.connections import conninfo

pytestmark = pytest.mark.django_db(transaction=True)


def standing(caller: Spender, *secret_hashes: bytes, client_address: str = "") -> Standing:
    async def ask() -> Standing:
        async with await psycopg.AsyncConnection.connect(conninfo()) as connection:
            return await key_standing.look_up(
                connection,
                caller.api_key.key_id,
                secret_hashes or [caller.secret_hash],
                client_address=client_address,
            )

    return asyncio.run(ask())


def test_credit_opens_the_paid_models() -> None:
    with_credit, without = make.spender(wallet=1), make.spender()

    assert standing(with_credit) == Standing(
        None, with_credit.account.pk, may_use_paid=True, allowed_models=None
    )
    assert not standing(without).may_use_paid
    assert standing(without).refusal is None


def test_the_secret_may_be_hashed_under_any_pepper() -> None:
    caller = make.spender(wallet=1)

    assert standing(caller, b"newer", caller.secret_hash).refusal is None


def test_a_key_may_be_bound_to_models_and_networks() -> None:
    model = make.priced()
    caller = make.spender(wallet=1)
    KeyAllowance.objects.update(allowed_models=[model.pk], allowed_networks=["203.0.113.0/24"])

    assert standing(caller, client_address="203.0.113.7").allowed_models == frozenset({model.pk})
    assert standing(caller, client_address="203.0.114.7") == Standing(
        RefusalReason.KEY_NETWORK, None, may_use_paid=False, allowed_models=None
    )


def deleted(caller: Spender) -> None:
    api_keys.revoke(caller.api_key)


def without_account(caller: Spender) -> None:
    caller.allowance.delete()


def disabled(caller: Spender) -> None:
    api_keys.disable(caller.api_key)


def expired(caller: Spender) -> None:
    ApiKey.objects.filter(pk=caller.api_key.pk).update(expires_at=timezone.now())


def frozen(caller: Spender) -> None:
    accounts.freeze(caller.account)


@pytest.mark.parametrize(
    ("circumstance", "reason"),
    [
        (deleted, RefusalReason.UNKNOWN_KEY),
        (without_account, RefusalReason.UNKNOWN_KEY),
        (disabled, RefusalReason.KEY_DISABLED),
        (expired, RefusalReason.KEY_EXPIRED),
        (frozen, RefusalReason.ACCOUNT_FROZEN),
    ],
)
def test_a_key_that_may_not_call_says_why(
    circumstance: Callable[[Spender], None], reason: RefusalReason
) -> None:
    caller = make.spender(wallet=1)
    circumstance(caller)

    assert standing(caller).refusal == reason


def test_a_wrong_secret_learns_nothing() -> None:
    caller = make.spender(wallet=1)
    accounts.freeze(caller.account)

    assert standing(caller, b"wrong") == Standing(
        RefusalReason.UNKNOWN_KEY, None, may_use_paid=False, allowed_models=None
    )
