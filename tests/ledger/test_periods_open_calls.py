"""Calls that are open while a period of a plan turns or ends: where they count, and what expires of them."""

from collections.abc import Callable

import pytest

from ledger.models import Entry, LanguageModel, UsageRecord
from ledger.services import holds, periods
from ledger.services.holds import ReleaseRequest
from tests.factories import ledger as make
from tests.factories import periods as plan
from tests.factories.periods import DAY, MONTH, NOON, begin, pools, reserved, turn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("proven_books")]


@pytest.mark.parametrize("follows", ["turn", "end"])
@pytest.mark.parametrize("closes", ["settle", "release", "expire"])
def test_what_a_call_leaves_of_an_ended_period_expires_when_it_ends(
    model: LanguageModel, follows: str, closes: str
) -> None:
    caller = make.spender()
    first = begin(caller.account, credit=plan.credit(150, backup=50))
    request = reserved(make.call(caller, model, lifetime_seconds=60), NOON)
    follow: dict[str, Callable[[], object]] = {
        "turn": lambda: turn(caller.account, 2, credit=plan.credit(150, backup=50)),
        "end": lambda: periods.end(caller.account, first.reference),
    }
    follow[follows]()
    left_by_follower = pools(caller.account)
    later = NOON + MONTH + DAY

    close: dict[str, Callable[[], object]] = {
        "settle": lambda: holds.settle([make.report(request)], at=later),
        "release": lambda: holds.release([ReleaseRequest(request.request_id)], at=later),
        "expire": lambda: holds.expire_due(at=later),
    }
    close[closes]()

    refilled = (150, 50, 0) if follows == "turn" else (0, 0, 0)
    assert left_by_follower == (refilled[0] + 150, refilled[1] + 50, 0)
    assert pools(caller.account) == refilled
    spent = 100 if closes == "settle" else 0
    entry = Entry.objects.get(reference=f"hold:{request.request_id}:remainder")
    assert entry.kind == Entry.Kind.REMAINDER_EXPIRED
    assert dict(entry.postings.values_list("source", "amount_nano_usd")) == {
        "main": 150 - spent, "backup": 50,
    }  # fmt: skip


def test_a_call_that_uses_all_it_held_leaves_nothing_to_expire(model: LanguageModel) -> None:
    caller = make.spender()
    begin(caller.account)
    request = reserved(make.call(caller, model), NOON)
    turn(caller.account, 2)

    holds.settle([make.report(request, input_tokens=100, output_tokens=50)], at=NOON + MONTH)

    assert not Entry.objects.filter(kind=Entry.Kind.REMAINDER_EXPIRED).exists()
    assert pools(caller.account) == (1_200, 3_000, 0)


def test_a_call_counts_in_the_period_in_which_it_was_reserved(model: LanguageModel) -> None:
    caller = make.spender()
    first = begin(caller.account)
    request = reserved(make.call(caller, model), NOON + MONTH - DAY / 24)
    turn(caller.account, 2)

    holds.settle([make.report(request)], at=NOON + MONTH)

    caller.account.refresh_from_db()
    account = caller.account
    assert (account.day_spent_nano_usd, account.week_spent_nano_usd, account.budget_spent_nano_usd) == (
        0, 0, 0,
    )  # fmt: skip
    assert UsageRecord.objects.get().period_id == first.pk


def test_what_the_wallet_has_set_aside_never_expires(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    begin(caller.account, credit=plan.credit(150))
    request = reserved(make.call(caller, model), NOON)
    turn(caller.account, 2, credit=plan.credit(150))

    holds.settle([make.report(request)], at=NOON + MONTH)

    assert pools(caller.account) == (150, 0, 1_000)
