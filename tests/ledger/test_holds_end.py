"""How holds end: settled, released or expired, each once, whatever is repeated."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiKey
from ledger.models import Account, DayTotal, Hold, LanguageModel, UsageRecord
from ledger.money import NanoUSD, UnitRates
from ledger.services import accounts, holds
from ledger.services.holds import Released, ReleaseRequest, Reserved, ReserveRequest, Settled
from tests.factories import ledger as make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("proven_books")]


def reserved(request: ReserveRequest, **at: datetime) -> ReserveRequest:
    [answer] = holds.reserve([request], **at)
    assert isinstance(answer, Reserved), answer
    return request


def balances(account: Account) -> tuple[int, int, int]:
    account.refresh_from_db()
    assert account.held_nano_usd == account.open_holds == 0
    return (
        account.main_balance_nano_usd,
        account.backup_balance_nano_usd,
        account.wallet_balance_nano_usd,
    )


def test_a_settlement_charges_the_cost_and_frees_the_rest(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = reserved(make.call(caller, model))

    [settled] = holds.settle([make.report(request, input_tokens=60, output_tokens=20)])

    assert settled == Settled(request.request_id, NanoUSD(100), NanoUSD(0), was_late=False)
    assert balances(caller.account) == (0, 0, 900)
    assert not Hold.objects.exists()


def test_every_number_of_a_call_stands_in_the_journal(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = reserved(make.call(caller, model))

    holds.settle(
        [
            make.report(
                request,
                outcome=UsageRecord.Outcome.CLIENT_GONE,
                input_tokens=40,
                cached_input_tokens=50,
                cache_write_tokens=3,
                output_tokens=20,
                reasoning_tokens=15,
                is_estimated=True,
                upstream_id="answer-7",
            )
        ]
    )

    line = UsageRecord.objects.get()
    assert (line.request_id, line.account, line.api_key) == (
        request.request_id,
        caller.account,
        caller.api_key,
    )
    assert (line.model, line.rate, line.is_free) == (model, model.rates.get(), False)
    assert (line.input_tokens, line.cached_input_tokens, line.cache_write_tokens) == (40, 50, 3)
    assert (line.output_tokens, line.reasoning_tokens) == (20, 15)
    assert (line.cost_nano_usd, line.wallet_nano_usd, line.uncharged_nano_usd) == (84, 84, 0)
    assert (line.outcome, line.is_estimated, line.upstream_id, line.late_at) == (
        UsageRecord.Outcome.CLIENT_GONE, True, "answer-7", None,
    )  # fmt: skip
    assert line.reserved_at < line.at


def test_a_settlement_counts_for_its_key_and_its_day(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    requests = [reserved(make.call(caller, model)) for _ in range(2)]

    holds.settle(
        [
            make.report(request, cached_input_tokens=50, cache_write_tokens=7, reasoning_tokens=9)
            for request in requests
        ]
    )

    allowance = caller.allowance
    assert (allowance.requests, allowance.spent_nano_usd, allowance.held_nano_usd) == (2, 216, 0)
    total = DayTotal.objects.get(account=caller.account, model=model, day=timezone.localdate())
    assert (total.requests, total.cost_nano_usd) == (2, 216)
    assert (total.input_tokens, total.cached_input_tokens, total.cache_write_tokens) == (120, 100, 14)
    assert (total.output_tokens, total.reasoning_tokens) == (40, 18)


def test_a_call_counts_on_the_day_on_which_it_was_reserved(model: LanguageModel) -> None:
    request = make.call(make.spender(wallet=1_000), model)
    before_midnight = datetime(2027, 1, 31, 23, 59, tzinfo=UTC)
    reserved(request, at=before_midnight)

    holds.settle([make.report(request)], at=before_midnight + timedelta(minutes=5))

    assert UsageRecord.objects.get().day == DayTotal.objects.get().day == before_midnight.date()


def test_a_cost_is_summed_exactly_and_rounded_up_once() -> None:
    model = make.priced(UnitRates(input=100_000, cached_input=100_000, cache_write=100_000, output=100_000))
    request = reserved(make.call(make.spender(wallet=1_000), model))

    [settled] = holds.settle([make.report(request, input_tokens=1, cached_input_tokens=1, output_tokens=1)])

    assert settled.cost_nano_usd == 1


def test_reasoning_costs_what_output_costs_and_is_never_more_than_it(model: LanguageModel) -> None:
    request = reserved(make.call(make.spender(wallet=1_000), model))

    [settled] = holds.settle([make.report(request, output_tokens=20, reasoning_tokens=21)])

    assert settled.cost_nano_usd == 60 + 2 * 20
    assert UsageRecord.objects.get().reasoning_tokens == DayTotal.objects.get().reasoning_tokens == 20


def test_a_call_that_used_all_that_was_set_aside_costs_all_of_it(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = reserved(make.call(caller, model))

    [settled] = holds.settle([make.report(request, input_tokens=100, output_tokens=50)])

    assert (settled.cost_nano_usd, settled.uncharged_nano_usd) == (200, 0)


def test_a_report_beyond_its_hold_is_the_loss_of_the_shop(
    model: LanguageModel, caplog: pytest.LogCaptureFixture
) -> None:
    caller = make.spender(main=50, backup=50, wallet=1_000)
    request = reserved(make.call(caller, model))

    [settled] = holds.settle([make.report(request, input_tokens=500, output_tokens=20)])

    assert settled == Settled(request.request_id, NanoUSD(200), NanoUSD(340), was_late=False)
    assert balances(caller.account) == (0, 0, 900)
    assert f"call {request.request_id} cost 340 nano-USD more than its hold" in caplog.text


@pytest.mark.parametrize(
    ("output_tokens", "left"),
    [(0, (10, 60, 500)), (5, (0, 60, 500)), (20, (0, 30, 500)), (35, (0, 0, 500)), (50, (0, 0, 470))],
)
def test_pools_pay_in_their_order(
    model: LanguageModel, output_tokens: int, left: tuple[int, int, int]
) -> None:
    caller = make.spender(main=70, backup=60, wallet=500)
    request = reserved(make.call(caller, model))

    holds.settle([make.report(request, input_tokens=60, output_tokens=output_tokens)])

    assert balances(caller.account) == left


def test_a_free_call_is_told_but_costs_nothing() -> None:
    caller = make.spender(wallet=1_000)
    request = reserved(make.call(caller, make.priced(is_free=True)))

    [settled] = holds.settle([make.report(request, output_tokens=10**6)])

    assert (settled.cost_nano_usd, settled.uncharged_nano_usd) == (0, 0)
    assert UsageRecord.objects.get().output_tokens == 10**6
    assert balances(caller.account) == (0, 0, 1_000)


def test_a_frozen_account_still_pays_for_calls_that_were_open(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = reserved(make.call(caller, model))
    accounts.freeze(caller.account)

    [settled] = holds.settle([make.report(request)])

    assert settled.cost_nano_usd == 100


@pytest.mark.parametrize(
    ("facts", "cost"),
    [
        ({"input_tokens": -5}, 40),
        ({"output_tokens": 10**30}, 200),
        ({"upstream_id": "x\0" * 200}, 100),
        ({"upstream_id": """{"a",'b'\\,\\"};--"""}, 100),
    ],
)
def test_nonsense_of_an_upstream_never_stops_a_settlement(
    model: LanguageModel, facts: dict[str, object], cost: int
) -> None:
    request = reserved(make.call(make.spender(wallet=1_000), model))

    [settled] = holds.settle([make.report(request, **facts)])

    assert settled.cost_nano_usd == cost
    assert UsageRecord.objects.get().upstream_id in {"answer-1", "x" * 80, """{"a",'b'\\,\\"};--"""}


def test_settling_again_answers_with_the_first_settlement(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = reserved(make.call(caller, model))
    first = holds.settle([make.report(request, input_tokens=500)])

    again = holds.settle([make.report(request, input_tokens=1)] * 2)

    assert again == first * 2
    assert balances(caller.account) == (0, 0, 800)


def test_a_settlement_that_comes_after_the_deadline_only_marks_its_line(
    model: LanguageModel, caplog: pytest.LogCaptureFixture
) -> None:
    caller = make.spender(wallet=1_000)
    request = reserved(make.call(caller, model, lifetime_seconds=0))
    holds.expire_due()

    answers = [holds.settle([make.report(request)]) for _ in range(2)]

    late = Settled(request.request_id, NanoUSD(0), NanoUSD(0), was_late=True)
    assert answers == [[late], [late]]
    assert balances(caller.account) == (0, 0, 1_000)
    line = UsageRecord.objects.get()
    assert (line.outcome, line.input_tokens, line.cost_nano_usd) == (UsageRecord.Outcome.EXPIRED, 0, 0)
    assert line.late_at is not None
    assert "was settled too late" in caplog.text


def test_no_hold_no_effect(model: LanguageModel) -> None:
    released = reserved(make.call(make.spender(wallet=1_000), model))
    holds.release([ReleaseRequest(released.request_id)])
    never = replace(released, request_id=uuid.uuid4())

    answers = holds.settle([make.report(released), make.report(never)])

    assert answers == [
        Settled(released.request_id, NanoUSD(0), NanoUSD(0), was_late=True),
        Settled(never.request_id, NanoUSD(0), NanoUSD(0), was_late=True),
    ]
    assert not UsageRecord.objects.exists()


def test_settlements_of_one_batch_do_not_depend_on_each_other(model: LanguageModel) -> None:
    caller, other = make.spender(wallet=1_000), make.spender(wallet=1_000)
    ended = reserved(make.call(caller, model))
    holds.settle([make.report(ended)])
    open_calls = [reserved(make.call(by, model)) for by in (caller, other, caller)]

    answers = holds.settle([make.report(request) for request in (open_calls[0], ended, *open_calls[1:])])

    assert [answer.request_id for answer in answers] == [
        request.request_id for request in (open_calls[0], ended, *open_calls[1:])
    ]
    assert {answer.cost_nano_usd for answer in answers} == {100}
    assert balances(caller.account) == (0, 0, 700)
    assert balances(other.account) == (0, 0, 900)


def test_the_last_use_of_a_key_is_kept_to_the_minute(model: LanguageModel) -> None:
    caller = make.spender(wallet=10_000)
    start = timezone.now()
    uses = []
    for seconds in (0, 30, 61):
        request = reserved(make.call(caller, model), at=start + timedelta(seconds=seconds))
        holds.settle([make.report(request)])
        uses.append(ApiKey.objects.get(pk=caller.api_key.pk).last_used_at)

    assert uses == [start, start, start + timedelta(seconds=61)]


def test_a_release_gives_everything_back(model: LanguageModel) -> None:
    caller = make.spender(main=70, backup=60, wallet=500)
    request = reserved(make.call(caller, model))

    answers = [holds.release([ReleaseRequest(request.request_id)]) for _ in range(2)]

    assert answers == [
        [Released(request.request_id, was_open=True)],
        [Released(request.request_id, was_open=False)],
    ]
    assert balances(caller.account) == (70, 60, 500)
    assert (caller.allowance.requests, caller.allowance.held_nano_usd) == (0, 0)
    assert not UsageRecord.objects.exists()


def test_an_expired_hold_is_free_and_an_alarm(model: LanguageModel, caplog: pytest.LogCaptureFixture) -> None:
    caller = make.spender(wallet=1_000)
    request = reserved(make.call(caller, model, lifetime_seconds=60))
    deadline = Hold.objects.get().deadline_at

    too_early = holds.expire_due(at=deadline - timedelta(microseconds=1))
    in_time = holds.expire_due(at=deadline)

    assert (too_early, in_time) == (0, 1)
    assert balances(caller.account) == (0, 0, 1_000)
    line = UsageRecord.objects.get()
    assert (line.outcome, line.cost_nano_usd, line.late_at) == (UsageRecord.Outcome.EXPIRED, 0, None)
    assert caller.allowance.requests == 1
    assert f"call {request.request_id} was never settled" in caplog.text


def test_expiry_takes_a_bite_at_a_time_the_oldest_first(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    requests = [reserved(make.call(caller, model, lifetime_seconds=age)) for age in (3, 1, 2)]

    ended = holds.expire_due(at=timezone.now() + timedelta(minutes=1), limit=2)

    assert ended == 2
    assert [hold.pk for hold in Hold.objects.all()] == [requests[0].request_id]
