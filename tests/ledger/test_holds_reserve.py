"""Reserving: what is set aside for a call, and what is refused."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ApiKey
from accounts.services import api_keys
from ledger.models import Account, AccountAllowance, Hold, LanguageModel
from ledger.money import NanoUSD, UnitRates
from ledger.services import accounts, holds, pricing
from ledger.services.holds import RefusalReason, Refused, ReleaseRequest, Reserved, ReserveRequest
from tests.factories import ledger as make
from tests.factories.ledger import Spender

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("proven_books")]


def reserve(request: ReserveRequest, **at: datetime) -> Reserved | Refused:
    [answer] = holds.reserve([request], **at)
    return answer


def reason(request: ReserveRequest, **at: datetime) -> RefusalReason:
    answer = reserve(request, **at)
    assert isinstance(answer, Refused), answer
    return answer.reason


def held(account: Account) -> tuple[int, int, int, int]:
    account.refresh_from_db()
    return (
        account.main_held_nano_usd,
        account.backup_held_nano_usd,
        account.wallet_held_nano_usd,
        account.open_holds,
    )


def test_a_hold_is_the_most_that_the_call_can_cost(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = make.call(caller, model, input_bound_tokens=100, asked_output_tokens=50)

    answer = reserve(request)

    assert answer == Reserved(request.request_id, caller.account.pk, 50, NanoUSD(200))
    assert held(caller.account) == (0, 0, 200, 1)
    assert (caller.allowance.requests, caller.allowance.held_nano_usd) == (1, 200)


def test_every_choice_may_have_the_whole_output(model: LanguageModel) -> None:
    request = make.call(make.spender(wallet=1_000), model, asked_output_tokens=50, choices=3)

    answer = reserve(request)

    assert isinstance(answer, Reserved)
    assert (answer.output_limit_tokens, answer.held_nano_usd) == (50, 100 + 3 * 50 * 2)


def test_a_hold_rounds_up_once_to_a_whole_nano_usd() -> None:
    model = make.priced(UnitRates(input=100_000, cached_input=0, cache_write=100_000, output=100_000))
    request = make.call(make.spender(wallet=1_000), model, input_bound_tokens=1, asked_output_tokens=1)

    answer = reserve(request)

    assert isinstance(answer, Reserved)
    assert answer.held_nano_usd == 1


def test_pools_set_aside_in_their_order(model: LanguageModel) -> None:
    caller = make.spender(main=70, backup=60, wallet=500)

    reserve(make.call(caller, model))

    assert held(caller.account) == (70, 60, 70, 1)


def test_a_call_gets_as_much_output_as_the_pools_afford(model: LanguageModel) -> None:
    caller = make.spender(wallet=100 + 2 * 300 + 1)

    answer = reserve(make.call(caller, model, asked_output_tokens=1_000))

    assert isinstance(answer, Reserved)
    assert (answer.output_limit_tokens, answer.held_nano_usd) == (300, 700)


@pytest.mark.parametrize(
    ("asked", "credit"), [(256, 100 + 2 * 256), (10_000, 100 + 2 * 256), (10, 100 + 2 * 10), (1, 102)]
)
def test_a_useful_answer_must_be_affordable(model: LanguageModel, asked: int, credit: int) -> None:
    rich, poor = make.spender(wallet=credit), make.spender(wallet=credit - 1)

    answer = reserve(make.call(rich, model, asked_output_tokens=asked))

    assert isinstance(answer, Reserved)
    assert reason(make.call(poor, model, asked_output_tokens=asked)) == RefusalReason.INSUFFICIENT_CREDIT
    assert held(poor.account) == (0, 0, 0, 0)


def test_a_model_that_answers_shortly_need_not_afford_more() -> None:
    model = make.priced(output_limit_tokens=20)
    caller = make.spender(wallet=100 + 2 * 20)

    answer = reserve(make.call(caller, model, asked_output_tokens=10_000))

    assert isinstance(answer, Reserved)
    assert answer.output_limit_tokens == 20


def test_input_alone_may_be_too_dear(model: LanguageModel) -> None:
    caller = make.spender(wallet=99)

    assert reason(make.call(caller, model)) == RefusalReason.INSUFFICIENT_CREDIT


def test_output_that_costs_nothing_is_always_affordable() -> None:
    model = make.priced(UnitRates(input=1_000_000, cached_input=0, cache_write=1_000_000, output=0))
    exact, poor = make.spender(wallet=100), make.spender(wallet=99)

    answer = reserve(make.call(exact, model, asked_output_tokens=5_000))

    assert isinstance(answer, Reserved)
    assert (answer.output_limit_tokens, answer.held_nano_usd) == (5_000, 100)
    assert reason(make.call(poor, model)) == RefusalReason.INSUFFICIENT_CREDIT


def test_no_answer_is_longer_than_the_model_gives() -> None:
    model = make.priced(output_limit_tokens=300)
    caller = make.spender(wallet=1_000_000)

    answer = reserve(make.call(caller, model, input_bound_tokens=1_000, asked_output_tokens=10**30))

    assert isinstance(answer, Reserved)
    assert (answer.output_limit_tokens, answer.held_nano_usd) == (300, 1_000 + 2 * 300)


def test_a_call_may_read_more_than_one_context_when_it_says_so() -> None:
    model = make.priced(context_limit_tokens=1_000)
    caller = make.spender(wallet=1_000_000)

    answer = reserve(make.call(caller, model, input_bound_tokens=5_000, asked_output_tokens=1))

    assert isinstance(answer, Reserved)
    assert answer.held_nano_usd == 5_000 + 2


@pytest.mark.parametrize("facts", [{"input_bound_tokens": -1}, {"asked_output_tokens": -5}, {"choices": 0}])
def test_nonsense_never_makes_a_call_cheaper_than_nothing(
    model: LanguageModel, facts: dict[str, int]
) -> None:
    answer = reserve(make.call(make.spender(wallet=1_000), model, **facts))

    assert isinstance(answer, Reserved)
    assert answer.output_limit_tokens >= 1
    assert answer.held_nano_usd >= 2


def test_a_free_model_costs_nothing_and_is_open_to_everybody() -> None:
    model = make.priced(is_free=True)
    without_credit, with_credit = make.spender(), make.spender(wallet=1_000)

    answers = holds.reserve([make.call(without_credit, model), make.call(with_credit, model)])

    assert [type(answer) for answer in answers] == [Reserved, Reserved]
    assert held(with_credit.account) == (0, 0, 0, 1)


def test_a_paid_model_wants_credit_first(model: LanguageModel) -> None:
    assert reason(make.call(make.spender(), model)) == RefusalReason.PAID_MODEL


def test_credit_that_is_held_is_credit_but_cannot_be_spent_twice(model: LanguageModel) -> None:
    caller = make.spender(wallet=200)
    reserve(make.call(caller, model))

    refused = make.call(caller, model)
    assert reserve(refused) == Refused(refused.request_id, RefusalReason.BUSY, retry_after_seconds=2)


def test_input_that_is_written_to_the_cache_is_the_bound_when_that_is_dearer() -> None:
    model = make.priced(UnitRates(input=1_000_000, cached_input=0, cache_write=3_000_000, output=2_000_000))
    rich, poor = make.spender(wallet=400), make.spender(wallet=399)

    answer = reserve(make.call(rich, model))

    assert isinstance(answer, Reserved)
    assert (answer.output_limit_tokens, answer.held_nano_usd) == (50, 400)
    assert reason(make.call(poor, model)) == RefusalReason.INSUFFICIENT_CREDIT


def wrong_secret(caller: Spender) -> dict[str, Any]:
    return {"secret_hashes": [b"another secret"]}


def unknown_key(caller: Spender) -> dict[str, Any]:
    return {"key_id": """',\\"}{,"""}


def deleted_key(caller: Spender) -> dict[str, Any]:
    api_keys.revoke(caller.api_key)
    return {}


def key_without_account(caller: Spender) -> dict[str, Any]:
    caller.allowance.delete()
    return {}


def disabled_key(caller: Spender) -> dict[str, Any]:
    api_keys.disable(caller.api_key)
    return {}


def expired_key(caller: Spender) -> dict[str, Any]:
    ApiKey.objects.filter(pk=caller.api_key.pk).update(expires_at=timezone.now())
    return {}


def frozen_account(caller: Spender) -> dict[str, Any]:
    accounts.freeze(caller.account)
    return {}


def model_unheard_of(caller: Spender) -> dict[str, Any]:
    return {"model_id": 0}


def model_not_offered(caller: Spender) -> dict[str, Any]:
    return {"model_id": make.priced(is_offered=False).pk}


def model_without_price(caller: Spender) -> dict[str, Any]:
    return {"model_id": make.ModelFactory.create().pk}


@pytest.mark.parametrize(
    ("circumstance", "expected"),
    [
        (wrong_secret, RefusalReason.UNKNOWN_KEY),
        (unknown_key, RefusalReason.UNKNOWN_KEY),
        (deleted_key, RefusalReason.UNKNOWN_KEY),
        (key_without_account, RefusalReason.UNKNOWN_KEY),
        (disabled_key, RefusalReason.KEY_DISABLED),
        (expired_key, RefusalReason.KEY_EXPIRED),
        (frozen_account, RefusalReason.ACCOUNT_FROZEN),
        (model_unheard_of, RefusalReason.MODEL_UNKNOWN),
        (model_not_offered, RefusalReason.MODEL_UNKNOWN),
        (model_without_price, RefusalReason.MODEL_UNKNOWN),
    ],
)
def test_a_call_is_refused_with_the_one_reason(
    model: LanguageModel, circumstance: Callable[[Spender], dict[str, Any]], expected: RefusalReason
) -> None:
    caller = make.spender(wallet=1_000)
    request = make.call(caller, model, **circumstance(caller))

    answer = reserve(request)

    assert answer == Refused(request.request_id, expected, retry_after_seconds=None)
    assert held(caller.account) == (0, 0, 0, 0)


def test_a_price_counts_from_its_moment_on(model: LanguageModel) -> None:
    request = make.call(make.spender(wallet=1_000), model)

    just_before = make.LONG_AGO - timedelta(microseconds=1)
    assert reason(request, at=just_before) == RefusalReason.MODEL_UNKNOWN
    assert isinstance(reserve(request, at=make.LONG_AGO), Reserved)


def test_the_secret_may_be_hashed_under_any_pepper(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    stranger = make.spender(wallet=1_000)
    newer = b"under a newer pepper".ljust(32)

    answers = holds.reserve(
        [
            make.call(caller, model, secret_hashes=[newer, caller.secret_hash]),
            make.call(stranger, model, secret_hashes=[newer, caller.secret_hash]),
        ]
    )

    assert [type(answer) for answer in answers] == [Reserved, Refused]


def test_an_account_has_so_many_calls_open_at_once(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    AccountAllowance.objects.filter(account=caller.account).update(open_calls=2)
    first, second, third = (make.call(caller, model) for _ in range(3))

    answers = holds.reserve([first, second, third])

    assert [type(answer) for answer in answers] == [Reserved, Reserved, Refused]
    assert answers[2] == Refused(third.request_id, RefusalReason.TOO_MANY_OPEN_CALLS, retry_after_seconds=2)


def test_no_limit_of_open_calls_is_no_limit(model: LanguageModel) -> None:
    caller = make.spender(wallet=20_000)
    AccountAllowance.objects.filter(account=caller.account).update(open_calls=None)

    answers = holds.reserve([make.call(caller, model) for _ in range(30)])

    assert {type(answer) for answer in answers} == {Reserved}


def test_calls_of_one_account_are_decided_one_after_another(model: LanguageModel) -> None:
    caller, other = make.spender(wallet=500), make.spender(wallet=200)
    requests = [make.call(by, model) for by in (caller, other, caller, caller)]

    answers = holds.reserve(requests)

    assert [answer.request_id for answer in answers] == [request.request_id for request in requests]
    assert [type(answer) for answer in answers] == [Reserved, Reserved, Reserved, Refused]


def test_asking_again_answers_with_the_same_hold(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = make.call(caller, model, choices=2)
    first = reserve(request)

    again = holds.reserve([request, request])

    assert again == [first, first]
    assert held(caller.account) == (0, 0, 300, 1)


def test_a_hold_stands_even_when_its_key_was_disabled_since(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = make.call(caller, model)
    first = reserve(request)
    api_keys.disable(caller.api_key)

    assert reserve(request) == first


def test_a_request_id_belongs_to_its_key(model: LanguageModel) -> None:
    caller, thief = make.spender(wallet=1_000), make.spender(wallet=1_000)
    request = make.call(caller, model)
    reserve(request)

    assert reason(make.call(thief, model, request_id=request.request_id)) == RefusalReason.REQUEST_REUSED


def test_a_call_that_has_ended_does_not_begin_again(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = make.call(caller, model)
    reserve(request)
    holds.settle([make.report(request)])

    assert reason(request) == RefusalReason.REQUEST_REUSED
    assert held(caller.account) == (0, 0, 0, 0)


def test_a_released_call_may_begin_again(model: LanguageModel) -> None:
    request = make.call(make.spender(wallet=1_000), model)
    first = reserve(request)
    holds.release([ReleaseRequest(request.request_id)])

    assert reserve(request) == first


def test_a_hold_remembers_the_days_of_the_site(model: LanguageModel, settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    late_on_sunday_in_london = datetime(2027, 1, 31, 17, 0, tzinfo=UTC)

    reserve(make.call(make.spender(wallet=1_000), model), at=late_on_sunday_in_london)

    hold = Hold.objects.get()
    assert (hold.day, hold.week, hold.month) == (date(2027, 2, 1), date(2027, 2, 1), date(2027, 2, 1))
    assert hold.deadline_at == late_on_sunday_in_london + timedelta(seconds=900)


def test_a_hold_keeps_the_price_that_it_began_with(model: LanguageModel) -> None:
    request = make.call(make.spender(wallet=1_000), model)
    reserve(request)
    pricing.set_rate(model, UnitRates(9_000_000, 9_000_000, 9_000_000, 9_000_000))

    [settled] = holds.settle([make.report(request)])

    assert settled.cost_nano_usd == 100


def test_nothing_is_asked_and_nothing_is_answered() -> None:
    assert holds.reserve([]) == []


def test_a_request_shows_nothing_of_its_secret(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = make.call(caller, model, request_id=uuid.UUID(int=1))

    assert str(caller.secret_hash) not in repr(request)
