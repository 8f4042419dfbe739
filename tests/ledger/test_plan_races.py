"""Races at the edges of a plan: of a day that is nearly used up, and of a period that turns."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from ledger.models import AccountAllowance, Entry, LanguageModel
from ledger.services import holds, periods
from ledger.services.holds import Refused, ReleaseRequest, Reserved
from tests.factories import ledger as make
from tests.factories import periods as plan
from tests.factories.ledger import Spender
from tests.factories.periods import MONTH, NOON
from tests.ledger.connections import conninfo
from tests.together import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("proven_books")]

# Two calls on each connection: the server has no more than 200 connections.
CALLS, CONNECTIONS = 200, 100
MIDNIGHT = NOON + timedelta(hours=12)
CAP = 40 * 200
PLAN: dict[str, Any] = {
    "credit": plan.credit(10 * CAP),
    "allowance": plan.allowance(
        daily_cap_nano_usd=CAP, weekly_cap_nano_usd=CAP + CAP // 2, budget_nano_usd=2 * CAP
    ),
}

# What any other session can see at any moment, in one snapshot: whose window is beyond its limit, counted
# from the calls themselves, or smaller in the account's row than its calls are.
OVERDRAWN = """
    select account.id, day_spent_nano_usd, week_spent_nano_usd, budget_spent_nano_usd, calls.*
    from ledger_account as account
    join ledger_accountallowance as allowance on allowance.account_id = account.id,
        lateral (
            select coalesce(max(main) filter (where daily), 0) as of_a_day,
                coalesce(max(main) filter (where weekly), 0) as of_a_week,
                coalesce(max(both_pools) filter (where budget), 0) as of_a_period,
                coalesce(sum(main) filter (where daily and day = account.day
                    and period_id = account.period_id), 0) as of_this_day
            from (
                select period_id, day, sum(main) as main, sum(both_pools) as both_pools,
                    grouping(day) = 0 as daily, grouping(week) = 0 as weekly,
                    grouping(day, week) = 3 as budget
                from (
                    select period_id, day, date_trunc('week', day) as week, main_nano_usd as main,
                        main_nano_usd + backup_nano_usd as both_pools
                    from ledger_usage where account_id = account.id
                    union all
                    select period_id, day, week, main_nano_usd, main_nano_usd + backup_nano_usd
                    from ledger_hold where account_id = account.id
                ) as used
                group by grouping sets ((period_id, day), (period_id, week), (period_id))
            ) as windows
        ) as calls
    where of_a_day > daily_cap_nano_usd or of_a_week > weekly_cap_nano_usd or of_a_period > budget_nano_usd
        or day_spent_nano_usd + main_held_nano_usd < of_this_day
"""


class Watch:
    """A session of its own that looks at the books again and again."""

    def __init__(self) -> None:
        self.looks = 0
        self.seen: list[object] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look_on)

    @contextmanager
    def over(self) -> Iterator[None]:
        """Look on for as long as the block lasts."""
        self._thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            self._thread.join()

    def _look_on(self) -> None:
        with psycopg.connect(conninfo(), autocommit=True) as connection:
            while not self._is_over.is_set():
                self.seen += connection.execute(OVERDRAWN).fetchall()
                self.looks += 1


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Watch the books during the test, which says when; no moment may show a window beyond its limit."""
    watch = Watch()
    yield watch
    assert watch.seen == []
    assert watch.looks > 10


@pytest.fixture
def caller(model: LanguageModel) -> Spender:
    """Return somebody with far more credit than their day, their week and their budget let them spend."""
    caller = make.spender()
    plan.begin(caller.account, **PLAN)
    AccountAllowance.objects.update(open_calls=None)
    return caller


def at_once(act: Callable[[int], Reserved | Refused]) -> Counter[str]:
    """Make all calls, as many at once as there are connections; count their answers."""
    chains = together(CONNECTIONS, lambda line: [act(number) for number in range(line, CALLS, CONNECTIONS)])
    answers = [answer for chain in chains for answer in raised_or(chain)]
    return Counter(answer.reason if isinstance(answer, Refused) else "reserved" for answer in answers)


def raised_or(chain: list[Reserved | Refused] | Exception) -> list[Reserved | Refused]:
    if isinstance(chain, Exception):
        raise chain
    return chain


def around(edge: datetime, number: int) -> datetime:
    """Return a moment shortly before the edge for even numbers, and one shortly after it for odd ones."""
    return edge + timedelta(milliseconds=number if number % 2 else -number - 1)


def test_of_two_hundred_calls_at_once_a_day_takes_what_its_cap_holds(
    caller: Spender, model: LanguageModel, watch: Watch
) -> None:
    requests = [make.call(caller, model) for _ in range(CALLS)]

    with watch.over():
        answers = at_once(lambda number: holds.reserve([requests[number]], at=NOON)[0])

    assert answers == {"reserved": 40, "busy": 160}


def test_open_calls_alone_make_the_others_wait_and_spending_alone_names_the_end(
    caller: Spender, model: LanguageModel
) -> None:
    requests = [make.call(caller, model) for _ in range(40)]
    holds.reserve(requests, at=NOON)
    next_one = make.call(caller, model)

    [while_open] = holds.reserve([next_one], at=NOON)
    holds.settle([make.report(each, input_tokens=100, output_tokens=50) for each in requests], at=NOON)
    [when_spent] = holds.reserve([next_one], at=NOON)

    assert isinstance(while_open, Refused)
    assert isinstance(when_spent, Refused)
    assert (while_open.reason, while_open.retry_after_seconds) == ("busy", 2)
    assert (when_spent.reason, when_spent.retry_after_seconds) == ("daily_cap", 12 * 60 * 60)


def test_no_cap_is_broken_by_two_hundred_calls_around_midnight(
    caller: Spender, model: LanguageModel, watch: Watch
) -> None:
    requests = [make.call(caller, model) for _ in range(CALLS)]

    def act(number: int) -> Reserved | Refused:
        at = around(MIDNIGHT, number)
        [answer] = holds.reserve([requests[number]], at=at)
        if isinstance(answer, Reserved) and number % 3 == 0:
            holds.release([ReleaseRequest(answer.request_id)], at=at)
        elif isinstance(answer, Reserved):
            holds.settle([make.report(requests[number], input_tokens=100, output_tokens=50)], at=at)
        return answer

    with watch.over():
        answers = at_once(act)

    assert answers["reserved"] >= 40
    assert set(answers) <= {"reserved", "busy", "daily_cap", "weekly_cap"}


def test_no_limit_is_broken_by_two_hundred_calls_across_the_turn_of_a_period(
    caller: Spender, model: LanguageModel, watch: Watch
) -> None:
    requests = [make.call(caller, model) for _ in range(CALLS)]
    turn_at = CALLS // 2

    def act(number: int) -> Reserved | Refused:
        if number == turn_at:
            plan.turn(caller.account, 2, **PLAN)
        at = around(NOON + MONTH, number)
        [answer] = holds.reserve([requests[number]], at=at)
        if isinstance(answer, Reserved) and number % 3:
            holds.settle([make.report(requests[number])], at=at)
        return answer

    with watch.over():
        answers = at_once(act)
        holds.settle([make.report(request) for request in requests], at=NOON + MONTH + timedelta(minutes=1))

    caller.account.refresh_from_db()
    assert answers["reserved"] > 0
    assert (caller.account.open_holds, caller.account.main_held_nano_usd) == (0, 0)
    assert caller.account.period == Entry.objects.get(reference="plan:2")


def test_a_period_that_many_turn_at_once_turns_once(caller: Spender, model: LanguageModel) -> None:
    entries = together(32, lambda _: plan.turn(caller.account, 2).pk)

    assert len(set(entries)) == 1
    assert plan.pools(caller.account) == (1_200, 3_000, 0)


def test_the_end_and_the_turn_of_a_period_leave_one_of_two_states(
    caller: Spender, model: LanguageModel
) -> None:
    acts: list[Callable[[], object]] = [
        lambda: periods.end(caller.account, "plan:1"), lambda: plan.turn(caller.account, 2),
    ]  # fmt: skip

    together(16, lambda number: acts[number % 2]())

    # Ended first, then begun again; or turned first, and then there was no first period to end.
    assert plan.pools(caller.account) == (1_200, 3_000, 0)
    caller.account.refresh_from_db()
    assert caller.account.period == Entry.objects.get(reference="plan:2")
