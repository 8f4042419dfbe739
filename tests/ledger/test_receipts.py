"""Receipts: every number of a call, for its key and for the owner of its account, and for nobody else."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from django.utils import timezone

from accounts.models import ApiKey
from accounts.services import api_keys
from ledger.models import KeyAllowance, LanguageModel, UsageRecord
from ledger.money import NanoUSD, UnitRates
from ledger.services import accounts, holds, merging, pricing, receipts
from ledger.services.holds import RefusalReason, Reserved, ReserveRequest
from ledger.services.receipts import Pools, Receipt, State, Tokens
from tests.factories import ledger as make
from tests.factories.ledger import Spender
from tests.ledger.connections import conninfo

pytestmark = pytest.mark.django_db


def reserved(caller: Spender, model: LanguageModel, **facts: object) -> ReserveRequest:
    request = make.call(caller, model, **facts)
    [answer] = holds.reserve([request])
    assert isinstance(answer, Reserved), answer
    return request


def settled(caller: Spender, model: LanguageModel, **facts: object) -> ReserveRequest:
    request = reserved(caller, model)
    holds.settle([make.report(request, **facts)])
    return request


def of_owner(caller: Spender, request: ReserveRequest) -> Receipt:
    receipt = receipts.of_account(caller.account, request.request_id)
    assert receipt is not None
    return receipt


def of_key(
    caller: Spender, request_id: uuid.UUID, *secret_hashes: bytes, client_address: str = ""
) -> Receipt | RefusalReason | None:
    async def ask() -> Receipt | RefusalReason | None:
        async with await psycopg.AsyncConnection.connect(conninfo()) as connection:
            return await receipts.of_key(
                connection,
                request_id,
                key_id=caller.api_key.key_id,
                secret_hashes=secret_hashes or [caller.secret_hash],
                client_address=client_address,
            )

    return asyncio.run(ask())


def test_a_receipt_has_every_number_of_the_call(model: LanguageModel) -> None:
    caller = make.spender(main=50, backup=20, wallet=1_000)
    request = settled(
        caller, model,
        input_tokens=40, cached_input_tokens=50, cache_write_tokens=5, output_tokens=20, reasoning_tokens=8,
        is_estimated=True,
    )  # fmt: skip
    pricing.set_rate(model, UnitRates(9, 9, 9, 9))

    receipt = of_owner(caller, request)

    line = UsageRecord.objects.get()
    assert receipt == Receipt(
        request_id=request.request_id,
        state=State.COMPLETE,
        model=model.name,
        key_name=caller.api_key.name,
        reserved_at=line.reserved_at,
        ended_at=line.at,
        tokens=Tokens(input=40, cached_input=50, cache_write=5, output=20, reasoning=8),
        is_free=False,
        rate_version=1,
        rates=make.RATES,
        paid=Pools(NanoUSD(50), NanoUSD(20), NanoUSD(16)),
        held=Pools(NanoUSD(0), NanoUSD(0), NanoUSD(0)),
        uncharged_nano_usd=NanoUSD(0),
        is_estimated=True,
    )
    assert receipt.cost_nano_usd == line.cost_nano_usd == 86


def test_an_open_call_tells_what_it_has_set_aside(model: LanguageModel) -> None:
    caller = make.spender(main=150, wallet=1_000)

    receipt = of_owner(caller, reserved(caller, model))

    assert (receipt.state, receipt.ended_at) == (State.OPEN, None)
    assert receipt.held == Pools(NanoUSD(150), NanoUSD(0), NanoUSD(50))
    assert (receipt.tokens, receipt.cost_nano_usd) == (Tokens(0, 0, 0, 0, 0), 0)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (UsageRecord.Outcome.CLIENT_GONE, State.CLIENT_GONE),
        (UsageRecord.Outcome.UPSTREAM_FAILED, State.UPSTREAM_FAILED),
    ],
)
def test_a_receipt_tells_how_the_call_ended(
    model: LanguageModel, outcome: UsageRecord.Outcome, state: State
) -> None:
    caller = make.spender(wallet=1_000)

    assert of_owner(caller, settled(caller, model, outcome=outcome)).state == state


def test_what_was_beyond_the_hold_is_told(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)

    receipt = of_owner(caller, settled(caller, model, input_tokens=500))

    assert (receipt.cost_nano_usd, receipt.uncharged_nano_usd) == (200, 340)


def test_a_call_expires_and_may_be_settled_too_late(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = reserved(caller, model)
    holds.expire_due(at=timezone.now() + timedelta(days=1))

    expired = of_owner(caller, request)
    holds.settle([make.report(request)])
    late = of_owner(caller, request)

    assert (expired.state, late.state, late.cost_nano_usd) == (State.EXPIRED, State.LATE, 0)


def test_a_call_that_was_released_has_no_receipt(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = reserved(caller, model)
    holds.release([holds.ReleaseRequest(request.request_id)])

    assert receipts.of_account(caller.account, request.request_id) is None


def test_an_owner_reads_what_any_key_of_theirs_has_called(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = settled(make.spender(caller.account), model)

    assert of_owner(caller, request).cost_nano_usd == 100


def test_an_owner_reads_nothing_of_others(model: LanguageModel) -> None:
    caller, stranger = make.spender(wallet=1_000), make.spender(wallet=1_000)
    request = settled(caller, model)

    assert receipts.of_account(stranger.account, request.request_id) is None
    assert receipts.of_account(stranger.account, uuid.uuid4()) is None


def test_calls_of_an_account_that_was_merged_are_the_owner_s(model: LanguageModel) -> None:
    guest, person = make.spender(wallet=1_000), make.spender()
    request = settled(guest, model)

    merging.merge(guest.account, person.account)

    assert of_owner(person, request).cost_nano_usd == 100


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_words(state: State) -> None:
    assert state.label


@pytest.mark.django_db(transaction=True)
def test_a_key_reads_its_own_calls(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    ended, still_open = settled(caller, model), reserved(caller, model)

    assert of_key(caller, ended.request_id) == of_owner(caller, ended)
    assert of_key(caller, still_open.request_id) == of_owner(caller, still_open)


@pytest.mark.django_db(transaction=True)
def test_a_key_reads_nothing_of_another_key(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    sister, stranger = make.spender(caller.account), make.spender(wallet=1_000)
    request = settled(caller, model)

    assert of_key(sister, request.request_id) is None
    assert of_key(stranger, request.request_id) is None
    assert of_key(stranger, uuid.uuid4()) is None


@pytest.mark.django_db(transaction=True)
def test_a_key_takes_its_receipts_along_when_accounts_merge(model: LanguageModel) -> None:
    guest, person = make.spender(wallet=1_000), make.spender()
    request = settled(guest, model)
    merging.merge(guest.account, person.account)

    assert of_key(guest, request.request_id) == of_owner(person, request)


@pytest.mark.django_db(transaction=True)
def test_a_frozen_account_reads_its_receipts(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = settled(caller, model)
    accounts.freeze(caller.account)

    assert isinstance(of_key(caller, request.request_id), Receipt)


def deleted(caller: Spender) -> None:
    api_keys.revoke(caller.api_key)


def disabled(caller: Spender) -> None:
    api_keys.disable(caller.api_key)


def expired(caller: Spender) -> None:
    ApiKey.objects.filter(pk=caller.api_key.pk).update(expires_at=timezone.now())


def elsewhere(caller: Spender) -> None:
    KeyAllowance.objects.update(allowed_networks=["203.0.113.0/24"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("circumstance", "reason"),
    [
        (deleted, RefusalReason.UNKNOWN_KEY),
        (disabled, RefusalReason.KEY_DISABLED),
        (expired, RefusalReason.KEY_EXPIRED),
        (elsewhere, RefusalReason.KEY_NETWORK),
    ],
)
def test_a_key_that_may_not_call_reads_nothing(
    model: LanguageModel, circumstance: Callable[[Spender], None], reason: RefusalReason
) -> None:
    caller = make.spender(wallet=1_000)
    request = settled(caller, model)
    circumstance(caller)

    assert of_key(caller, request.request_id) == reason
    assert of_key(caller, request.request_id, b"wrong") == RefusalReason.UNKNOWN_KEY


@pytest.mark.django_db(transaction=True)
def test_a_key_that_never_was_reads_nothing(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = settled(caller, model)
    caller.api_key.key_id = "nobody"

    assert of_key(caller, request.request_id) == RefusalReason.UNKNOWN_KEY
