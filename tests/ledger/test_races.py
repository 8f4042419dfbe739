"""Races on the last credit, each decided once."""

from collections import Counter

import pytest
from django.utils import timezone

from ledger.models import AccountAllowance, KeyAllowance, LanguageModel, UsageRecord
from ledger.services import holds
from ledger.services.holds import Refused, Reserved
from tests.factories import ledger as make
from tests.together import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("proven_books")]


def test_of_sixty_four_calls_as_many_run_as_the_wallet_affords(model: LanguageModel) -> None:
    caller = make.spender(wallet=10 * 200)
    requests = [make.call(caller, model) for _ in range(64)]

    answers = together(64, lambda number: holds.reserve([requests[number]])[0])

    assert Counter(type(answer) for answer in answers) == {Reserved: 10, Refused: 54}
    caller.account.refresh_from_db()
    assert (caller.account.wallet_held_nano_usd, caller.account.open_holds) == (2_000, 10)


def test_of_sixty_four_calls_as_many_run_as_may_be_open_at_once(model: LanguageModel) -> None:
    caller = make.spender(wallet=10**9)
    AccountAllowance.objects.update(open_calls=7)
    requests = [make.call(caller, model) for _ in range(64)]

    answers = together(64, lambda number: holds.reserve([requests[number]])[0])

    assert Counter(type(answer) for answer in answers) == {Reserved: 7, Refused: 57}


def test_of_sixty_four_calls_as_many_run_as_a_key_may_spend_in_a_day(model: LanguageModel) -> None:
    caller = make.spender(wallet=10**9)
    AccountAllowance.objects.update(open_calls=None)
    KeyAllowance.objects.update(daily_limit_nano_usd=10 * 200)
    requests = [make.call(caller, model) for _ in range(64)]

    def act(number: int) -> Reserved | Refused:
        [answer] = holds.reserve([requests[number]])
        if number % 2:
            holds.settle([make.report(requests[number])])
        return answer

    answers = together(64, act)

    allowance = caller.allowance
    assert 10 <= Counter(type(answer) for answer in answers)[Reserved] <= 20
    assert allowance.day_spent_nano_usd + allowance.held_nano_usd <= 10 * 200
    assert allowance.day_spent_nano_usd == UsageRecord.objects.count() * 100


def test_of_sixty_four_calls_as_many_run_as_a_key_may_make_in_a_minute(model: LanguageModel) -> None:
    caller = make.spender(wallet=10**9)
    AccountAllowance.objects.update(open_calls=None)
    KeyAllowance.objects.update(requests_per_minute=7)
    requests = [make.call(caller, model) for _ in range(64)]
    at = timezone.now()

    answers = together(64, lambda number: holds.reserve([requests[number]], at=at)[0])

    assert Counter(type(answer) for answer in answers) == {Reserved: 7, Refused: 57}


def test_one_call_that_is_reserved_by_many_is_one_hold(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = make.call(caller, model)

    answers = together(32, lambda _: holds.reserve([request])[0])

    assert len(set(answers)) == 1
    assert caller.allowance.requests == 1


def test_one_call_that_is_settled_by_many_is_paid_once(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    request = make.call(caller, model)
    holds.reserve([request])

    answers = together(32, lambda _: holds.settle([make.report(request)])[0])

    assert len(set(answers)) == 1
    assert UsageRecord.objects.get().cost_nano_usd == caller.allowance.spent_nano_usd == 100


def test_credit_that_comes_while_calls_settle_is_neither_lost_nor_doubled(model: LanguageModel) -> None:
    caller = make.spender(wallet=100_000)
    AccountAllowance.objects.update(open_calls=None)
    requests = [make.call(caller, model) for _ in range(32)]
    holds.reserve(requests)

    def act(number: int) -> None:
        if number % 2:
            make.give(caller.account, 1_000)
        else:
            holds.settle([make.report(request) for request in requests[number : number + 2]])

    results = together(32, act)

    assert results == [None] * 32
    caller.account.refresh_from_db()
    assert caller.account.wallet_balance_nano_usd == 100_000 + 16 * 1_000 - 32 * 100


def test_batches_that_touch_the_same_accounts_never_wait_in_a_circle(model: LanguageModel) -> None:
    callers = [make.spender(wallet=10**6) for _ in range(8)]
    AccountAllowance.objects.update(open_calls=None)

    def act(number: int) -> None:
        in_some_order = callers[number % 8 :] + callers[: number % 8]
        requests = [make.call(caller, model) for caller in in_some_order[:: 1 if number % 2 else -1]]
        holds.reserve(requests)
        holds.settle([make.report(request) for request in reversed(requests)])

    assert together(24, act) == [None] * 24
    assert UsageRecord.objects.count() == 24 * 8
