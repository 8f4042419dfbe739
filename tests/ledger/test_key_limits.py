"""Limits of a key: what it may spend, how often it may call, which models, and from where."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from ledger.models import Hold, KeyAllowance, LanguageModel
from ledger.services import holds
from ledger.services.holds import (
    RateStanding,
    RefusalReason,
    Refused,
    ReleaseRequest,
    Reserved,
    ReserveRequest,
)
from tests.factories import ledger as make
from tests.factories.ledger import Spender

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("proven_books")]

NOON = datetime(2027, 3, 14, 12, 0, tzinfo=UTC)


def rich() -> Spender:
    return make.spender(wallet=10**6)


def limited(caller: Spender, **limits: Any) -> Spender:
    KeyAllowance.objects.filter(api_key=caller.api_key).update(**limits)
    return caller


def reserve(request: ReserveRequest, at: datetime = NOON) -> Reserved | Refused:
    [answer] = holds.reserve([request], at=at)
    return answer


def refusal(request: ReserveRequest, at: datetime = NOON) -> tuple[RefusalReason, int | None]:
    answer = reserve(request, at)
    assert isinstance(answer, Refused), answer
    return answer.reason, answer.retry_after_seconds


def spend(caller: Spender, model: LanguageModel, *, at: datetime = NOON) -> None:
    """Make a call that costs 100 nano-USD."""
    request = make.call(caller, model)
    assert isinstance(reserve(request, at), Reserved)
    holds.settle([make.report(request)], at=at)


@pytest.mark.parametrize("limit", ["total_limit_nano_usd", "monthly_limit_nano_usd", "daily_limit_nano_usd"])
def test_a_limit_of_money_caps_what_an_answer_may_cost(model: LanguageModel, limit: str) -> None:
    caller = limited(rich(), **{limit: 100 + 2 * 300 + 1})

    answer = reserve(make.call(caller, model, asked_output_tokens=1_000))

    assert isinstance(answer, Reserved)
    assert (answer.output_limit_tokens, answer.held_nano_usd) == (300, 700)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("total_limit_nano_usd", (RefusalReason.KEY_TOTAL_LIMIT, None)),
        ("monthly_limit_nano_usd", (RefusalReason.KEY_MONTHLY_LIMIT, 17 * 86_400 + 43_200)),
        ("daily_limit_nano_usd", (RefusalReason.KEY_DAILY_LIMIT, 43_200)),
    ],
)
def test_a_limit_that_is_spent_is_named_with_its_end(
    model: LanguageModel, limit: str, expected: tuple[RefusalReason, int | None]
) -> None:
    caller = limited(rich(), **{limit: 299})
    spend(caller, model)

    assert refusal(make.call(caller, model)) == expected


@pytest.mark.parametrize("limit", ["total_limit_nano_usd", "monthly_limit_nano_usd", "daily_limit_nano_usd"])
def test_a_limit_that_only_open_calls_have_reached_is_busy(model: LanguageModel, limit: str) -> None:
    caller = limited(rich(), **{limit: 399})
    request = make.call(caller, model)
    reserve(request)

    assert refusal(make.call(caller, model)) == (RefusalReason.BUSY, 2)
    holds.settle([make.report(request)])
    assert isinstance(reserve(make.call(caller, model)), Reserved)


def test_a_limit_that_was_lowered_below_what_is_spent_stops_the_key(model: LanguageModel) -> None:
    caller = rich()
    spend(caller, model)

    limited(caller, total_limit_nano_usd=50)

    assert refusal(make.call(caller, model)) == (RefusalReason.KEY_TOTAL_LIMIT, None)


@pytest.mark.parametrize(
    ("limits", "wallet", "expected"),
    [
        (("total", "monthly", "daily"), 10**6, RefusalReason.KEY_TOTAL_LIMIT),
        (("monthly", "daily"), 150, RefusalReason.INSUFFICIENT_CREDIT),
        (("monthly", "daily"), 10**6, RefusalReason.KEY_MONTHLY_LIMIT),
        (("total",), 0, RefusalReason.PAID_MODEL),
    ],
)
def test_what_no_waiting_mends_is_named_first(
    model: LanguageModel, limits: tuple[str, ...], wallet: int, expected: RefusalReason
) -> None:
    caller = limited(make.spender(wallet=wallet), **{f"{limit}_limit_nano_usd": 199 for limit in limits})

    assert refusal(make.call(caller, model))[0] == expected


def test_a_window_counts_from_midnight_of_the_site(model: LanguageModel, settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    before = datetime(2027, 3, 31, 15, 59, 30, tzinfo=UTC)
    caller = limited(rich(), daily_limit_nano_usd=299, monthly_limit_nano_usd=399)
    spend(caller, model, at=before)

    assert refusal(make.call(caller, model), before) == (RefusalReason.KEY_DAILY_LIMIT, 30)
    limited(caller, daily_limit_nano_usd=None, monthly_limit_nano_usd=299)
    assert refusal(make.call(caller, model), before) == (RefusalReason.KEY_MONTHLY_LIMIT, 30)
    assert isinstance(reserve(make.call(caller, model), before + timedelta(seconds=30)), Reserved)


def test_a_call_of_yesterday_never_counts_today(model: LanguageModel) -> None:
    caller = limited(rich(), daily_limit_nano_usd=400)
    before_midnight = NOON.replace(hour=23, minute=59)
    after_midnight = before_midnight + timedelta(minutes=2)
    of_yesterday = make.call(caller, model)
    reserve(of_yesterday, before_midnight)
    spend(caller, model, at=after_midnight)

    holds.settle([make.report(of_yesterday)], at=after_midnight)

    allowance = caller.allowance
    assert (allowance.day, allowance.day_spent_nano_usd) == (after_midnight.date(), 100)
    assert (allowance.month, allowance.month_spent_nano_usd) == (date(2027, 3, 1), 200)


def test_calls_of_both_sides_of_midnight_settle_together(model: LanguageModel) -> None:
    caller = rich()
    before_midnight = datetime(2027, 3, 31, 23, 59, tzinfo=UTC)
    requests = [make.call(caller, model) for _ in range(3)]
    for request, minutes in zip(requests, (0, 2, 3), strict=True):
        reserve(request, before_midnight + timedelta(minutes=minutes))

    holds.settle([make.report(request) for request in requests])

    allowance = caller.allowance
    assert (allowance.day_spent_nano_usd, allowance.month_spent_nano_usd, allowance.spent_nano_usd) == (
        200, 200, 300,
    )  # fmt: skip


def test_a_call_for_which_midnight_passed_while_it_waited_counts_in_the_new_day(model: LanguageModel) -> None:
    midnight = datetime(2027, 4, 1, tzinfo=UTC)
    caller = limited(rich(), daily_limit_nano_usd=299)
    spend(caller, model, at=midnight)

    assert refusal(make.call(caller, model), midnight - timedelta(microseconds=1)) == (
        RefusalReason.KEY_DAILY_LIMIT, 86_401,
    )  # fmt: skip
    limited(caller, daily_limit_nano_usd=None)
    reserve(make.call(caller, model), midnight - timedelta(microseconds=1))
    assert (Hold.objects.get().day, Hold.objects.get().month) == (midnight.date(), midnight.date())


def test_what_an_expired_call_had_set_aside_is_free_again(model: LanguageModel) -> None:
    caller = limited(rich(), daily_limit_nano_usd=399)
    reserve(make.call(caller, model))

    holds.expire_due(at=NOON + timedelta(hours=1))

    assert isinstance(reserve(make.call(caller, model)), Reserved)


def test_limits_of_money_are_nothing_to_free_models(model: LanguageModel) -> None:
    caller = limited(rich(), total_limit_nano_usd=0, monthly_limit_nano_usd=0, daily_limit_nano_usd=0)

    assert isinstance(reserve(make.call(caller, make.priced(is_free=True))), Reserved)
    assert refusal(make.call(caller, model))[0] == RefusalReason.KEY_TOTAL_LIMIT


def test_a_minute_s_requests_may_come_at_once_and_then_one_by_one(model: LanguageModel) -> None:
    caller = limited(rich(), requests_per_minute=3)

    at_once = [reserve(make.call(caller, model)) for _ in range(3)]

    assert [answer.rate for answer in at_once] == [
        RateStanding(3, 2, 20), RateStanding(3, 1, 40), RateStanding(3, 0, 60),
    ]  # fmt: skip
    assert refusal(make.call(caller, model)) == (RefusalReason.KEY_RATE_LIMIT, 20)
    assert refusal(make.call(caller, model), NOON + timedelta(seconds=19.5)) == (
        RefusalReason.KEY_RATE_LIMIT, 1,
    )  # fmt: skip
    assert isinstance(reserve(make.call(caller, model), NOON + timedelta(seconds=20)), Reserved)


@pytest.mark.parametrize("a_minute", [1, 7, 59, 61, 1_000])
def test_no_minute_s_request_is_lost_to_rounding(model: LanguageModel, a_minute: int) -> None:
    caller = limited(make.spender(wallet=10**9), requests_per_minute=a_minute)
    caller.account.allowance.delete()

    answers = holds.reserve([make.call(caller, model) for _ in range(a_minute + 1)], at=NOON)

    assert [type(answer) for answer in answers] == [Reserved] * a_minute + [Refused]
    assert [answer.rate.remaining_requests for answer in answers if answer.rate] == [
        *reversed(range(a_minute)), 0,
    ]  # fmt: skip


def test_a_refusal_takes_no_request_of_the_minute(model: LanguageModel) -> None:
    caller = limited(make.spender(), requests_per_minute=2)

    answers = [reserve(make.call(caller, model)) for _ in range(5)]

    assert {(answer.reason, answer.rate) for answer in answers if isinstance(answer, Refused)} == {
        (RefusalReason.PAID_MODEL, RateStanding(2, 2, 0))
    }
    assert caller.allowance.rate_arrival_at is None


def test_asking_again_takes_no_second_request_of_the_minute(model: LanguageModel) -> None:
    caller = limited(rich(), requests_per_minute=2)
    request = make.call(caller, model)
    first = reserve(request)

    assert reserve(request) == first


def test_a_released_call_has_been_a_request_all_the_same(model: LanguageModel) -> None:
    caller = limited(rich(), requests_per_minute=1)
    request = make.call(caller, model)
    reserve(request)

    holds.release([ReleaseRequest(request.request_id)])

    assert refusal(make.call(caller, model)) == (RefusalReason.KEY_RATE_LIMIT, 60)


def test_the_pace_holds_for_free_models(model: LanguageModel) -> None:
    free = make.priced(is_free=True)
    caller = limited(rich(), requests_per_minute=1)
    reserve(make.call(caller, free))

    assert refusal(make.call(caller, free))[0] == RefusalReason.KEY_RATE_LIMIT


def test_a_wrong_secret_learns_nothing_of_a_key_s_limits(model: LanguageModel) -> None:
    caller = limited(rich(), requests_per_minute=2, allowed_networks=["203.0.113.0/24"])
    request = make.call(caller, model, secret_hashes=[b"wrong"])

    assert reserve(request) == Refused(request.request_id, RefusalReason.UNKNOWN_KEY, None, rate=None)


def test_keys_of_one_account_and_one_batch_have_their_own_limits(model: LanguageModel) -> None:
    first = limited(rich(), total_limit_nano_usd=400, requests_per_minute=5)
    second = limited(make.spender(first.account), requests_per_minute=1)
    requests = [make.call(by, model) for by in (first, second, first, second, first)]

    answers = holds.reserve(requests, at=NOON)

    assert [answer.reason if isinstance(answer, Refused) else "reserved" for answer in answers] == [
        "reserved", "reserved", "reserved", RefusalReason.KEY_RATE_LIMIT, RefusalReason.BUSY,
    ]  # fmt: skip


def test_a_key_may_be_bound_to_models(model: LanguageModel) -> None:
    other, free = make.priced(), make.priced(is_free=True)
    caller = limited(rich(), allowed_models=[model.pk])

    assert isinstance(reserve(make.call(caller, model)), Reserved)
    assert refusal(make.call(caller, other)) == (RefusalReason.KEY_MODEL, None)
    assert refusal(make.call(caller, free)) == (RefusalReason.KEY_MODEL, None)
    assert refusal(make.call(caller, make.ModelFactory.create()))[0] == RefusalReason.MODEL_UNKNOWN


@pytest.mark.parametrize(
    ("address", "is_within"),
    [
        ("203.0.113.7", True),
        ("::ffff:203.0.113.7", True),
        ("203.0.114.7", False),
        ("2001:db8::1%eth0", True),
        ("2001:db9::1", False),
        ("", False),
        ("unix:", False),
        ("""x'}{",\\""", False),
    ],
)
def test_a_key_may_be_bound_to_networks(model: LanguageModel, address: str, is_within: bool) -> None:  # noqa: FBT001 - a case
    caller = limited(rich(), allowed_networks=["203.0.113.0/24", "2001:db8::/32"])
    request = make.call(caller, model, client_address=address)

    answer = reserve(request)

    assert isinstance(answer, Reserved) == is_within
    assert is_within or answer == Refused(request.request_id, RefusalReason.KEY_NETWORK, None)


def test_who_calls_from_elsewhere_learns_nothing_of_models(model: LanguageModel) -> None:
    caller = limited(rich(), allowed_networks=["203.0.113.0/24"], allowed_models=[model.pk])

    assert refusal(make.call(caller, model, model_id=0))[0] == RefusalReason.KEY_NETWORK


@pytest.mark.parametrize(
    "limits",
    [
        {"total_limit_nano_usd": -1},
        {"requests_per_minute": 0},
        {"requests_per_minute": 1_000_001},
        {"allowed_models": []},
        {"allowed_networks": []},
        {"alert_percent": 0},
        {"alert_percent": 101},
    ],
)
def test_limits_that_mean_nothing_are_not_kept(limits: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        limited(make.spender(), **limits)
