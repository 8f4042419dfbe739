"""The proof finds whatever somebody could have broken in plans."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F

from ledger.models import Account, AccountAllowance, Entry, Hold, LanguageModel, Posting, UsageRecord
from ledger.services import holds, periods, proof
from tests.factories import ledger as make
from tests.factories import periods as plan
from tests.factories.periods import MONTH, NOON
from tests.ledger.guards import unguarded

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def history(model: LanguageModel) -> None:
    """Let a plan be in its second period, with a call of each open and one settled, and another plan end."""
    caller = make.spender(wallet=1_000)
    plan.run(caller.account, main=1_000, backup=500)
    of_before, settled, still_open = (make.call(caller, model) for _ in range(3))
    holds.reserve([of_before], at=NOON)
    periods.turn(
        caller.account, plan.period(2), reference="plan:2", credit=plan.credit(1_000, backup=500),
        allowance=plan.allowance(daily_cap_nano_usd=600, weekly_cap_nano_usd=700, budget_nano_usd=800),
        at=NOON + MONTH,
    )  # fmt: skip
    holds.reserve([settled, still_open], at=NOON + MONTH)
    holds.settle([make.report(settled)], at=NOON + MONTH)
    former = make.funded()
    periods.end(former, plan.run(former).reference)


def found() -> set[str]:
    return {discrepancy.kind for discrepancy in proof.discrepancies()}


def planned() -> Account:
    return Account.objects.get(period__isnull=False)


def period_of_another() -> None:
    Account.objects.filter(pk=planned().pk).update(period=Entry.objects.earliest("pk"))


def period_that_the_allowance_forgot() -> None:
    AccountAllowance.objects.update(period_number=None, period_starts_at=None, period_ends_at=None)


def period_of_two_accounts() -> None:
    Account.objects.filter(period=None).update(period=planned().period)
    AccountAllowance.objects.update(
        period_number=1, period_starts_at=NOON, period_ends_at=NOON + timedelta(days=1)
    )


def hold_of_no_period() -> None:
    Hold.objects.filter(period=planned().period).update(period_id=0)


def requests_miscounted() -> None:
    Account.objects.filter(pk=planned().pk).update(day_requests=7)


def day_miscounted() -> None:
    Account.objects.filter(pk=planned().pk).update(day_spent_nano_usd=99)


def week_miscounted() -> None:
    Account.objects.filter(pk=planned().pk).update(week_spent_nano_usd=99)


def budget_miscounted() -> None:
    Account.objects.filter(pk=planned().pk).update(budget_spent_nano_usd=99)


def call_in_another_window() -> None:
    with unguarded("ledger_usage"):
        UsageRecord.objects.update(period=Entry.objects.filter(kind="period_begun").earliest("pk"))


def day_overdrawn() -> None:
    AccountAllowance.objects.update(daily_cap_nano_usd=299)


def week_overdrawn() -> None:
    AccountAllowance.objects.update(weekly_cap_nano_usd=299)


def budget_overdrawn() -> None:
    AccountAllowance.objects.update(budget_nano_usd=299)


def rest_that_did_not_expire() -> None:
    """Let the first period's leftovers be kept, as the postings say too."""
    with unguarded("ledger_posting"):
        Posting.objects.filter(entry__reference="plan:2", source="main").update(amount_nano_usd=1)
    Account.objects.filter(pk=planned().pk).update(main_balance_nano_usd=F("main_balance_nano_usd") + 799)


def plan_that_left_something() -> None:
    with unguarded("ledger_posting"):
        Posting.objects.filter(entry__kind="period_ended").update(amount_nano_usd=9_999)
    Account.objects.filter(period=None).update(main_balance_nano_usd=1)


def test_plans_that_nobody_touched_add_up() -> None:
    assert proof.discrepancies() == []


@pytest.mark.parametrize(
    ("damage", "kinds"),
    [
        (
            period_of_another,
            {"period_differs_from_its_entry", "window_differs_from_its_calls", "pool_keeps_what_expired"},
        ),
        (period_that_the_allowance_forgot, {"period_differs_from_its_entry"}),
        (period_of_two_accounts, {"period_differs_from_its_entry"}),
        (hold_of_no_period, {"period_differs_from_its_entry", "pool_keeps_what_expired"}),
        (requests_miscounted, {"window_differs_from_its_calls"}),
        (day_miscounted, {"window_differs_from_its_calls"}),
        (week_miscounted, {"window_differs_from_its_calls"}),
        (budget_miscounted, {"window_differs_from_its_calls"}),
        (call_in_another_window, {"window_differs_from_its_calls", "pool_keeps_what_expired"}),
        (day_overdrawn, {"window_exceeds_its_limit"}),
        (week_overdrawn, {"window_exceeds_its_limit"}),
        (budget_overdrawn, {"window_exceeds_its_limit"}),
        (rest_that_did_not_expire, {"pool_keeps_what_expired"}),
        (plan_that_left_something, {"pool_keeps_what_expired"}),
    ],
)
def test_every_damage_to_a_plan_is_found(damage: Callable[[], None], kinds: set[str]) -> None:
    damage()

    assert found() == kinds
