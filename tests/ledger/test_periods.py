"""Periods of plans: how they begin, turn and end, once each, and what becomes of the rest."""

from collections import Counter
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from pytest_django import Settings

from ledger.errors import PeriodWithoutCredit, ReferenceReused
from ledger.models import Account, AccountAllowance, Entry, LanguageModel, Posting
from ledger.services import accounts, holds, merging, periods
from tests.factories import ledger as make
from tests.factories import periods as plan
from tests.factories.periods import DAY, MONTH, NOON, begin, pools, reserved, turn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("proven_books")]


def everything(account: Account) -> dict[str, Any]:
    """Return all that is kept of the account and of what it may do, and what was posted in sum."""
    posted: Counter[tuple[str, str]] = Counter()
    for posting in Posting.objects.all():
        posted[posting.source, posting.destination] += posting.amount_nano_usd
    kept: dict[str, Any] = {**Account.objects.filter(pk=account.pk).values().get()}
    running = Entry.objects.filter(pk=kept["period_id"]).values_list("reference", flat=True)
    allowance = AccountAllowance.objects.filter(account=account).values().get()
    return {**kept, **allowance, "running": list(running), "posted": net(posted)}


def net(posted: Counter[tuple[str, str]]) -> dict[str, int]:
    """Return what each place got and gave: credit that expires unseen never was in a pool."""
    places: Counter[str] = Counter()
    for (source, destination), amount in posted.items():
        places[source] -= amount
        places[destination] += amount
    return dict(places)


def test_a_period_fills_the_pools_from_plan_and_promotion() -> None:
    account = make.funded(wallet=77)

    entry = begin(account)

    assert pools(account) == (1_200, 3_000, 77)
    postings = entry.postings.values_list("source", "destination", "amount_nano_usd").order_by("pk")
    assert list(postings) == [
        ("plans", "main", 1_000), ("promotion", "main", 200), ("plans", "backup", 3_000),
    ]  # fmt: skip


def test_a_period_is_the_account_s_until_it_is_over(model: LanguageModel) -> None:
    account = make.funded()

    entry = begin(account, allowance=plan.allowance(requests_per_minute=20, daily_cap_nano_usd=100))

    account.refresh_from_db()
    allowance = AccountAllowance.objects.get(account=account)
    assert account.period == entry
    assert (allowance.period_number, allowance.period_starts_at) == (1, NOON)
    assert (allowance.period_ends_at, allowance.all_models) == (NOON + MONTH, True)
    assert (allowance.requests_per_minute, allowance.requests_per_day) == (20, None)
    assert allowance.daily_cap_nano_usd == 100


def test_a_plan_leaves_the_number_of_open_calls_alone() -> None:
    account = make.funded()
    AccountAllowance.objects.update(open_calls=5)

    entry = begin(account)
    periods.end(account, entry.reference)

    assert AccountAllowance.objects.get(account=account).open_calls == 5


def test_a_plan_that_gives_nothing_is_refused() -> None:
    account = make.funded()

    with pytest.raises(PeriodWithoutCredit):
        begin(account, credit=plan.credit(0))

    assert AccountAllowance.objects.get(account=account).period_number is None


@pytest.mark.parametrize("pool", ["main", "bonus", "backup"])
def test_a_plan_may_fill_one_pool_alone(pool: str) -> None:
    account = make.funded()

    begin(account, credit=plan.credit(**{"main": 0, pool: 500}))

    assert sum(pools(account)) == 500


def test_beginning_again_changes_nothing(model: LanguageModel) -> None:
    caller = make.spender()
    first = begin(caller.account)
    request = reserved(make.call(caller, model), NOON)
    holds.settle([make.report(request)], at=NOON)
    before = everything(caller.account)

    assert begin(caller.account) == first
    assert everything(caller.account) == before


def test_another_credit_under_the_same_reference_is_refused() -> None:
    account = make.funded()
    begin(account)
    before = everything(account)

    with pytest.raises(ReferenceReused):
        begin(account, credit=plan.credit(999, bonus=200, backup=3_000))

    assert everything(account) == before


def test_a_reference_of_other_business_is_no_period() -> None:
    account = make.funded()
    make.give(account, 1_000, reference="plan:1")

    with pytest.raises(ReferenceReused):
        begin(account, credit=plan.credit(0, bonus=1_000))


def test_the_next_period_lets_the_rest_expire_and_fills_anew(model: LanguageModel) -> None:
    caller = make.spender(wallet=55)
    begin(caller.account)
    holds.settle([make.report(reserved(make.call(caller, model), NOON))], at=NOON)
    assert pools(caller.account) == (1_100, 3_000, 55)

    entry = turn(caller.account, 2)

    assert pools(caller.account) == (1_200, 3_000, 55)
    expired = entry.postings.filter(destination="expired").values_list("source", "amount_nano_usd")
    assert dict(expired) == {"main": 1_100, "backup": 3_000}
    caller.account.refresh_from_db()
    assert caller.account.period == entry


def test_the_next_period_begins_with_empty_counters(model: LanguageModel) -> None:
    caller = make.spender()
    begin(caller.account)
    late = NOON + MONTH - DAY / 24
    holds.settle([make.report(reserved(make.call(caller, model), late))], at=late)
    caller.account.refresh_from_db()
    account = caller.account
    assert (account.day_spent_nano_usd, account.week_spent_nano_usd, account.budget_spent_nano_usd) == (
        100, 100, 100,
    )  # fmt: skip

    turn(account, 2)

    account.refresh_from_db()
    assert account.day_requests == 1
    assert (account.day_spent_nano_usd, account.week_spent_nano_usd, account.budget_spent_nano_usd) == (
        0, 0, 0,
    )  # fmt: skip


def test_a_turn_may_come_again_at_any_time() -> None:
    account = make.funded()
    begin(account)
    second, third = turn(account, 2), turn(account, 3)
    before = everything(account)

    assert [turn(account, 3), turn(account, 2), begin(account, 1)] == [
        third, second, Entry.objects.get(reference="plan:1"),
    ]  # fmt: skip
    assert everything(account) == before


@pytest.mark.parametrize("order", list(permutations([2, 3, 4])), ids=str)
def test_turns_that_were_missed_come_out_the_same_in_any_order(order: tuple[int, ...]) -> None:
    in_time, late = make.funded(wallet=9), make.funded(wallet=9)
    begin(in_time)
    [turn(in_time, number) for number in (2, 3, 4)]
    expected = pools(in_time)
    all_at_once = plan.period(4).starts_at + DAY

    periods.begin(late, plan.period(1), **plan.named(1, {"reference": "late:1"}), at=NOON)
    for number in order:
        facts = plan.named(number, {"reference": f"late:{number}"})
        periods.turn(late, plan.period(number), **facts, at=all_at_once)

    assert pools(late) == expected
    late.refresh_from_db()
    assert late.period == Entry.objects.get(reference="late:4")
    assert AccountAllowance.objects.get(account=late).period_number == 4
    moved = [sums("plan:"), sums("late:")]
    assert moved[0] == moved[1]


def sums(prefix: str) -> dict[str, int]:
    """Return what every place got in all the entries of those references."""
    posted: Counter[tuple[str, str]] = Counter()
    for posting in Posting.objects.filter(entry__reference__startswith=prefix):
        posted[posting.source, posting.destination] += posting.amount_nano_usd
    return net(posted)


def test_a_period_that_is_over_when_it_comes_gives_nothing_to_spend(model: LanguageModel) -> None:
    caller = make.spender()
    begin(caller.account)

    turn(caller.account, 2, at=NOON + 3 * MONTH)

    assert pools(caller.account) == (0, 0, 0)
    assert sums("plan:2")["plans"] == -4_000
    caller.account.refresh_from_db()
    assert caller.account.period == Entry.objects.get(reference="plan:2")


def test_a_period_that_came_too_late_is_ended_by_its_own_name() -> None:
    account = make.funded(wallet=5)
    begin(account)
    turn(account, 2, at=NOON + 3 * MONTH)

    assert periods.end(account, "plan:2") is None

    account.refresh_from_db()
    assert (account.period, AccountAllowance.objects.get(account=account).period_number) == (None, None)
    assert pools(account) == (0, 0, 5)


def test_another_plan_takes_the_place_of_the_first_in_one_entry() -> None:
    account = make.funded()
    begin(account)

    entry = periods.begin(
        account,
        replace(plan.period(1), starts_at=NOON + DAY, ends_at=NOON + DAY + MONTH),
        reference="plan:other",
        credit=plan.credit(500, backup=50),
        allowance=plan.allowance(budget_nano_usd=9),
        at=NOON + DAY,
    )

    assert pools(account) == (500, 50, 0)
    assert entry.postings.filter(destination="expired").count() == 2
    assert AccountAllowance.objects.get(account=account).budget_nano_usd == 9


def test_grace_moves_the_end_of_the_running_period_only() -> None:
    account = make.funded()
    first, second = begin(account), turn(account, 2)
    later = NOON + 5 * MONTH

    periods.extend(account, first.reference, ends_at=later)
    assert AccountAllowance.objects.get(account=account).period_ends_at == NOON + 2 * MONTH

    periods.extend(account, second.reference, ends_at=later)
    assert AccountAllowance.objects.get(account=account).period_ends_at == later


def test_the_end_takes_the_plan_s_pools_and_leaves_the_wallet() -> None:
    account = make.funded(wallet=5)
    begun = begin(account, allowance=plan.allowance(requests_per_minute=20, budget_nano_usd=1))

    ended = periods.end(account, begun.reference)

    assert pools(account) == (0, 0, 5)
    assert ended is not None
    assert dict(ended.postings.values_list("source", "amount_nano_usd")) == {"main": 1_200, "backup": 3_000}
    assert not any(posting.destination != "expired" for posting in ended.postings.all())


def test_after_the_end_an_account_is_as_the_ledger_opens_it(settings: Settings) -> None:
    account, fresh = make.funded(), make.funded()
    begun = begin(
        account,
        allowance=plan.allowance(
            requests_per_minute=20, daily_cap_nano_usd=1, weekly_cap_nano_usd=2, budget_nano_usd=3
        ),
    )

    periods.end(account, begun.reference)

    ours, theirs = (AccountAllowance.objects.filter(account=each).values().get() for each in (account, fresh))
    assert {**ours, "account_id": None} == {**theirs, "account_id": None}


def test_ending_again_changes_nothing() -> None:
    account = make.funded()
    begun = begin(account)
    periods.end(account, begun.reference)
    before = everything(account)

    assert periods.end(account, begun.reference) is None
    assert everything(account) == before


def test_the_end_of_a_period_that_another_followed_changes_nothing() -> None:
    account = make.funded()
    begun = begin(account)
    turn(account, 2)
    before = everything(account)

    assert periods.end(account, begun.reference) is None
    assert everything(account) == before


def test_a_plan_of_which_all_was_spent_ends_without_an_entry(model: LanguageModel) -> None:
    caller = make.spender()
    begun = begin(caller.account, credit=plan.credit(100))
    request = reserved(make.call(caller, model, input_bound_tokens=50, asked_output_tokens=25), NOON)
    holds.settle([make.report(request, input_tokens=50, output_tokens=25)], at=NOON)

    assert periods.end(caller.account, begun.reference) is None
    caller.account.refresh_from_db()
    assert caller.account.period is None


def test_an_account_with_a_plan_takes_a_guest_s_credit_in(model: LanguageModel) -> None:
    guest, member = make.spender(wallet=30), make.spender(wallet=5)
    begin(member.account)

    merging.merge(guest.account, member.account)

    assert pools(member.account) == (1_200, 3_000, 35)


def test_a_frozen_account_s_periods_go_on() -> None:
    account = make.funded()
    begin(account)
    accounts.freeze(account)

    turn(account, 2)

    assert pools(account) == (1_200, 3_000, 0)


def test_the_wallet_s_switch_outlives_the_plan() -> None:
    account = make.funded()
    periods.switch_wallet(account, is_on=False)
    begun = begin(account)
    turn(account, 2)
    periods.end(account, "plan:2")

    assert begun.pk
    assert not AccountAllowance.objects.get(account=account).wallet_while_planned
