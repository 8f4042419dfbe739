"""What a plan lets an account do: which pool pays, what each limit refuses, and until when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from ledger.models import Account, AccountAllowance, LanguageModel
from ledger.services import holds, periods
from ledger.services.holds import RefusalReason, Refused, ReleaseRequest, Reserved, ReserveRequest
from tests.factories import ledger as make
from tests.factories import periods as plan
from tests.factories.ledger import Spender
from tests.factories.periods import DAY, MONTH, NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("proven_books")]

SECOND = timedelta(seconds=1)
MIDNIGHT = NOON + DAY / 2
MONDAY = MIDNIGHT + 4 * DAY


def reserve(request: ReserveRequest, at: datetime = NOON) -> Reserved | Refused:
    [answer] = holds.reserve([request], at=at)
    return answer


def refusal(caller: Spender, model: LanguageModel, at: datetime = NOON) -> tuple[RefusalReason, int | None]:
    """Return why another call is refused, and how long it shall wait."""
    answer = reserve(make.call(caller, model), at)
    assert isinstance(answer, Refused), answer
    return answer.reason, answer.retry_after_seconds


def spend(caller: Spender, model: LanguageModel, at: datetime = NOON, *, times: int = 1) -> None:
    """Make calls one after another that each hold 200 nano-USD and cost 200."""
    for _ in range(times):
        request = make.call(caller, model)
        assert isinstance(reserve(request, at), Reserved)
        holds.settle([make.report(request, input_tokens=100, output_tokens=50)], at=at)


def held(account: Account) -> tuple[int, int, int]:
    account.refresh_from_db()
    return account.main_held_nano_usd, account.backup_held_nano_usd, account.wallet_held_nano_usd


def balances(account: Account) -> tuple[int, int, int]:
    account.refresh_from_db()
    return account.main_balance_nano_usd, account.backup_balance_nano_usd, account.wallet_balance_nano_usd


def test_main_pays_first_then_backup_then_the_wallet(model: LanguageModel) -> None:
    caller = plan.subscriber(main=70, backup=60, wallet=500)

    reserve(make.call(caller, model))
    assert held(caller.account) == (70, 60, 70)

    reserve(make.call(caller, model))
    assert held(caller.account) == (70, 60, 270)


def test_a_cap_of_the_day_passes_a_call_on_to_backup_and_wallet(model: LanguageModel) -> None:
    caller = plan.subscriber(main=1_000, backup=60, wallet=500, daily_cap_nano_usd=70)

    reserve(make.call(caller, model))

    assert held(caller.account) == (70, 60, 70)


def test_a_cap_of_the_week_passes_a_call_on_likewise(model: LanguageModel) -> None:
    caller = plan.subscriber(main=1_000, backup=60, wallet=500, weekly_cap_nano_usd=70)

    reserve(make.call(caller, model))

    assert held(caller.account) == (70, 60, 70)


def test_caps_pace_the_main_pool_alone(model: LanguageModel) -> None:
    caller = plan.subscriber(main=200, backup=1_000, daily_cap_nano_usd=200, weekly_cap_nano_usd=200)

    spend(caller, model, times=4)

    caller.account.refresh_from_db()
    assert balances(caller.account) == (0, 400, 0)
    assert (caller.account.day_spent_nano_usd, caller.account.week_spent_nano_usd) == (200, 200)
    assert caller.account.budget_spent_nano_usd == 800


def test_the_budget_limits_both_pools_together_and_not_the_wallet(model: LanguageModel) -> None:
    caller = plan.subscriber(main=100, backup=1_000, wallet=500, budget_nano_usd=150)

    reserve(make.call(caller, model))

    assert held(caller.account) == (100, 50, 50)


def test_a_day_that_is_used_up_is_over_at_midnight(model: LanguageModel) -> None:
    caller = plan.subscriber(main=10_000, daily_cap_nano_usd=400, weekly_cap_nano_usd=10_000)
    spend(caller, model, times=2)

    assert refusal(caller, model) == (RefusalReason.DAILY_CAP, 12 * 3600)
    assert refusal(caller, model, MIDNIGHT - SECOND) == (RefusalReason.DAILY_CAP, 1)
    assert isinstance(reserve(make.call(caller, model), MIDNIGHT), Reserved)


def test_a_week_that_is_used_up_is_over_on_monday(model: LanguageModel) -> None:
    caller = plan.subscriber(main=10_000, daily_cap_nano_usd=400, weekly_cap_nano_usd=400)
    spend(caller, model, times=2)

    assert refusal(caller, model) == (RefusalReason.WEEKLY_CAP, (4 * 24 + 12) * 3600)
    assert refusal(caller, model, MIDNIGHT) == (RefusalReason.WEEKLY_CAP, 4 * 24 * 3600)
    assert isinstance(reserve(make.call(caller, model), MONDAY), Reserved)


def test_a_budget_that_is_used_up_is_over_with_the_period(model: LanguageModel) -> None:
    caller = plan.subscriber(main=10_000, budget_nano_usd=400)
    spend(caller, model, times=2)

    assert refusal(caller, model) == (RefusalReason.MONTHLY_BUDGET, 30 * 24 * 3600)


def test_a_plan_without_credit_left_asks_for_some(model: LanguageModel) -> None:
    caller = plan.subscriber(main=400)
    spend(caller, model, times=2)

    assert refusal(caller, model) == (RefusalReason.INSUFFICIENT_CREDIT, None)


@pytest.mark.parametrize(
    "limit", [{"daily_cap_nano_usd": 400}, {"weekly_cap_nano_usd": 400}, {"budget_nano_usd": 400}], ids=str
)
def test_a_limit_that_only_open_calls_meet_is_a_matter_of_moments(
    model: LanguageModel, limit: dict[str, int]
) -> None:
    caller = plan.subscriber(main=10_000, **limit)
    first = make.call(caller, model)
    [reserve(request) for request in (first, make.call(caller, model))]

    assert refusal(caller, model) == (RefusalReason.BUSY, 2)

    holds.release([ReleaseRequest(first.request_id)], at=NOON)
    assert isinstance(reserve(make.call(caller, model)), Reserved)


def test_the_site_s_clock_says_when_a_day_and_a_week_are_over(
    model: LanguageModel, settings: Settings
) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    sunday_23_o_clock = datetime(2027, 3, 7, 15, tzinfo=UTC)
    caller = plan.subscriber(main=10_000, daily_cap_nano_usd=200, weekly_cap_nano_usd=200)
    other = plan.subscriber(main=10_000, daily_cap_nano_usd=200)
    spend(caller, model, sunday_23_o_clock)
    spend(other, model, sunday_23_o_clock)

    assert refusal(caller, model, sunday_23_o_clock) == (RefusalReason.WEEKLY_CAP, 3600)
    assert refusal(other, model, sunday_23_o_clock) == (RefusalReason.DAILY_CAP, 3600)
    assert isinstance(reserve(make.call(caller, model), sunday_23_o_clock + DAY / 24), Reserved)


def test_a_call_counts_in_the_day_in_which_it_was_reserved(model: LanguageModel) -> None:
    caller = plan.subscriber(main=10_000, daily_cap_nano_usd=200)
    request = make.call(caller, model)
    reserve(request, MIDNIGHT - SECOND)
    holds.settle([make.report(request)], at=MIDNIGHT + SECOND)

    assert isinstance(reserve(make.call(caller, model), MIDNIGHT + SECOND), Reserved)


def test_what_is_open_from_yesterday_counts_today_until_it_ends(model: LanguageModel) -> None:
    caller = plan.subscriber(main=10_000, daily_cap_nano_usd=200)
    request = make.call(caller, model)
    reserve(request, MIDNIGHT - SECOND)

    assert refusal(caller, model, MIDNIGHT) == (RefusalReason.BUSY, 2)

    holds.settle([make.report(request)], at=MIDNIGHT)
    assert isinstance(reserve(make.call(caller, model), MIDNIGHT), Reserved)


def test_requests_a_minute_come_back_one_by_one(model: LanguageModel) -> None:
    caller = plan.subscriber(main=10_000, requests_per_minute=3)
    spend(caller, model, times=3)

    assert refusal(caller, model) == (RefusalReason.RATE_LIMIT, 20)
    assert isinstance(reserve(make.call(caller, model), NOON + 20 * SECOND), Reserved)
    assert refusal(caller, model, NOON + 21 * SECOND) == (RefusalReason.RATE_LIMIT, 19)


def test_requests_a_minute_are_of_all_keys_together(model: LanguageModel) -> None:
    caller = plan.subscriber(main=10_000, requests_per_minute=2)
    spend(caller, model)
    spend(make.spender(caller.account), model)

    assert refusal(caller, model)[0] == RefusalReason.RATE_LIMIT


def test_a_wallet_lifts_the_limit_of_requests_a_minute(model: LanguageModel) -> None:
    caller = plan.subscriber(main=10_000, wallet=1, requests_per_minute=1)

    spend(caller, model, times=5)

    assert balances(caller.account) == (9_000, 0, 1)


def test_a_wallet_up_to_the_threshold_lifts_nothing(model: LanguageModel, settings: Settings) -> None:
    settings.WALLET_THRESHOLD_NANO_USD = 500
    poor = plan.subscriber(main=10_000, wallet=500, requests_per_minute=1)
    rich = plan.subscriber(main=10_000, wallet=501, requests_per_minute=1)
    spend(poor, model)
    spend(rich, model)

    assert refusal(poor, model)[0] == RefusalReason.RATE_LIMIT
    assert isinstance(reserve(make.call(rich, model)), Reserved)


def test_a_wallet_that_is_switched_off_lifts_nothing_and_pays_nothing(model: LanguageModel) -> None:
    caller = plan.subscriber(main=200, wallet=10_000, requests_per_minute=1)
    periods.switch_wallet(caller.account, is_on=False)
    spend(caller, model)

    assert refusal(caller, model) == (RefusalReason.RATE_LIMIT, 60)
    later = NOON + 60 * SECOND
    assert refusal(caller, model, later) == (RefusalReason.INSUFFICIENT_CREDIT, None)

    periods.switch_wallet(caller.account, is_on=True)
    assert isinstance(reserve(make.call(caller, model), later), Reserved)
    assert held(caller.account) == (0, 0, 200)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"daily_cap_nano_usd": 200}, RefusalReason.DAILY_CAP),
        ({"weekly_cap_nano_usd": 200}, RefusalReason.WEEKLY_CAP),
        ({"budget_nano_usd": 200}, RefusalReason.MONTHLY_BUDGET),
    ],
    ids=str,
)
def test_beyond_each_limit_the_wallet_pays_if_it_may(
    model: LanguageModel, limit: dict[str, int], reason: RefusalReason
) -> None:
    caller = plan.subscriber(main=10_000, wallet=1_000, **limit)
    spend(caller, model)

    spend(caller, model)
    assert balances(caller.account) == (9_800, 0, 800)

    periods.switch_wallet(caller.account, is_on=False)
    assert refusal(caller, model)[0] == reason


def test_a_wallet_that_was_switched_off_pays_again_when_the_plan_is_gone(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    begun = plan.run(caller.account)
    periods.switch_wallet(caller.account, is_on=False)

    periods.end(caller.account, begun.reference)

    spend(caller, model)
    assert balances(caller.account) == (0, 0, 800)


def test_a_model_outside_the_plan_is_paid_by_the_wallet_alone(model: LanguageModel) -> None:
    caller = plan.subscriber(main=10_000, backup=10_000, wallet=200, all_models=False)

    spend(caller, model)

    assert balances(caller.account) == (10_000, 10_000, 0)
    assert refusal(caller, model) == (RefusalReason.PAID_MODEL, None)


def test_a_period_past_its_end_pays_nothing(model: LanguageModel) -> None:
    caller, with_wallet = plan.subscriber(main=10_000), plan.subscriber(main=10_000, wallet=500)
    last_moment, over = NOON + MONTH - SECOND, NOON + MONTH

    spend(caller, model, last_moment)
    assert refusal(caller, model, over) == (RefusalReason.PAID_MODEL, None)

    spend(with_wallet, model, over)
    assert balances(with_wallet.account) == (10_000, 0, 300)


def test_grace_lets_a_period_pay_on(model: LanguageModel) -> None:
    caller = make.spender()
    begun = plan.run(caller.account)
    periods.extend(caller.account, begun.reference, ends_at=NOON + MONTH + DAY)

    spend(caller, model, NOON + MONTH)
    assert refusal(caller, model, NOON + MONTH + DAY)[0] == RefusalReason.PAID_MODEL


def test_a_plan_is_no_way_around_the_limits_of_a_key(model: LanguageModel) -> None:
    caller = plan.subscriber(main=10_000)
    allowance = caller.allowance
    allowance.daily_limit_nano_usd = 200
    allowance.save()
    spend(caller, model)

    assert refusal(caller, model) == (RefusalReason.KEY_DAILY_LIMIT, 12 * 3600)


def test_of_several_limits_the_one_that_lasts_longest_is_named(model: LanguageModel) -> None:
    limits: dict[str, Any] = {"daily_cap_nano_usd": 200, "weekly_cap_nano_usd": 200, "budget_nano_usd": 200}
    caller = plan.subscriber(main=10_000, **limits)
    spend(caller, model)

    reasons = []
    for limit in ("budget_nano_usd", "weekly_cap_nano_usd", "daily_cap_nano_usd"):
        reasons.append(refusal(caller, model)[0])
        AccountAllowance.objects.update(**{limit: None})

    assert reasons == [RefusalReason.MONTHLY_BUDGET, RefusalReason.WEEKLY_CAP, RefusalReason.DAILY_CAP]
    spend(caller, model)


def test_who_has_neither_plan_nor_credit_calls_free_models_once_a_minute() -> None:
    free, paid = make.priced(is_free=True), make.priced()
    caller = make.spender()

    assert refusal(caller, paid) == (RefusalReason.PAID_MODEL, None)
    assert isinstance(reserve(make.call(caller, free)), Reserved)
    assert refusal(caller, free, NOON + SECOND) == (RefusalReason.RATE_LIMIT, 59)
    assert isinstance(reserve(make.call(caller, free), NOON + 60 * SECOND), Reserved)


def test_a_free_day_has_so_many_requests(settings: Settings) -> None:
    settings.FREE_ALLOWANCE = {**settings.FREE_ALLOWANCE, "requests_per_day": 3, "requests_per_minute": None}
    free, caller = make.priced(is_free=True), make.spender()
    spend(caller, free, times=3)

    assert refusal(caller, free) == (RefusalReason.DAILY_REQUESTS, 12 * 3600)
    assert isinstance(reserve(make.call(caller, free), MIDNIGHT), Reserved)


def test_a_free_request_that_is_open_or_released_is_not_yet_gone(settings: Settings) -> None:
    settings.FREE_ALLOWANCE = {**settings.FREE_ALLOWANCE, "requests_per_day": 2, "requests_per_minute": None}
    free, caller = make.priced(is_free=True), make.spender()
    spend(caller, free)
    still_open = make.call(caller, free)
    reserve(still_open)

    assert refusal(caller, free) == (RefusalReason.BUSY, 2)

    holds.release([ReleaseRequest(still_open.request_id)], at=NOON)
    spend(caller, free)
    assert refusal(caller, free)[0] == RefusalReason.DAILY_REQUESTS


def test_credit_lifts_the_limits_of_free_accounts(settings: Settings) -> None:
    settings.FREE_ALLOWANCE = {**settings.FREE_ALLOWANCE, "requests_per_day": 2}
    free, caller = make.priced(is_free=True), make.spender(wallet=1)

    spend(caller, free, times=5)

    assert balances(caller.account) == (0, 0, 1)


def test_a_new_account_may_what_free_accounts_may(settings: Settings) -> None:
    allowance = AccountAllowance.objects.get(account=make.funded())

    assert (allowance.requests_per_minute, allowance.requests_per_day, allowance.all_models) == (
        1, 1_000, False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days_later", "wait"),
    [(0, 20 * DAY), (20, 60 * SECOND), (22, 60 * SECOND)],
    ids=["in time", "now", "late"],
)
def test_a_used_up_budget_is_told_when_the_next_period_comes_whatever_the_grace(
    model: LanguageModel, days_later: int, wait: timedelta
) -> None:
    caller = plan.subscriber(main=1_000, budget_nano_usd=300)
    spend(caller, model)
    entry = caller.account.period
    assert entry is not None

    periods.extend(caller.account, entry.reference, ends_at=NOON + 23 * DAY, refills_at=NOON + 20 * DAY)

    answer = refusal(caller, model, NOON + days_later * DAY)
    assert answer == (RefusalReason.MONTHLY_BUDGET, wait // SECOND)
