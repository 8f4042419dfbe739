"""The machine with plans: periods begin, turn and end, in time, late, twice, and while calls are open."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from ledger.errors import ReferenceReused
from ledger.models import Account, AccountAllowance, Hold
from ledger.money import NanoUSD
from ledger.services import holds, periods
from ledger.services.periods import Period, PlanAllowance, PlanCredit
from tests.ledger.books import Books
from tests.ledger.expected_accounts import Allowed
from tests.ledger.machine import CONNECTIONS, amounts, free_allowance, lines, pick, picks, told
from tests.ledger.merging_machine import MergingMachine

moments = st.integers(1, 5 * 24 * 60)
limits = st.one_of(st.none(), st.integers(0, 3_000), amounts)
credits_of_plans = st.fixed_dictionaries({"main": amounts, "bonus": st.integers(0, 100), "backup": amounts})
limits_of_plans = st.fixed_dictionaries(
    {
        "a_minute": st.sampled_from([None, 1, 20]),
        "all_models": st.sampled_from([True, True, False]),
        "daily": limits,
        "weekly": limits,
        "budget": limits,
    }
)


class Begun(NamedTuple):
    """A period that was begun on an account, with the name that it has there."""

    account: Account
    name: str
    period: Period
    gives: dict[str, int]
    limits: dict[str, Any]

    @property
    def allowed(self) -> Allowed:
        return Allowed(**self.limits, starts=self.period.starts_at, ends=self.period.ends_at)


def written(begun: Begun, act: Callable[..., Any], at: Any) -> str:
    """Begin or turn it in the ledger, and return what came of it in the words of `Books`."""
    names = {"a_minute": "requests_per_minute", "all_models": "all_models"}
    allowance = {names.get(name, f"{name}_cap_nano_usd"): limit for name, limit in begun.limits.items()}
    allowance["budget_nano_usd"] = allowance.pop("budget_cap_nano_usd")
    credit = PlanCredit(**{pool: NanoUSD(amount) for pool, amount in begun.gives.items()})
    try:
        act(
            begun.account, begun.period, reference=begun.name, credit=credit,
            allowance=PlanAllowance(**allowance), at=at,
        )  # fmt: skip
    except ReferenceReused as refusal:
        return type(refusal).__name__
    return "begun"


class PlanningMachine(MergingMachine):
    """Everything that the ledger does, and plans."""

    @initialize()
    def open_shop(self) -> None:
        super().open_shop()
        self.begun: list[Begun] = []
        gives = {"main": 5_000, "bonus": 1, "backup": 900}
        limits: dict[str, Any] = {"a_minute": 20, "daily": 600, "weekly": 1_500, "budget": 4_000}
        self.begin_a_period(0, 1, 0, 1_000, gives, {**limits, "all_models": True}, is_turn=False)

    @rule(
        line=lines, who=picks, ago=st.integers(0, 3_000), lasts=moments,
        gives=credits_of_plans, allowed=limits_of_plans, is_turn=st.booleans(),
    )  # fmt: skip
    def begin_a_period(
        self, line: int, who: int, ago: int, lasts: int,
        gives: dict[str, int], allowed: dict[str, Any], *, is_turn: bool,
    ) -> None:  # fmt: skip
        starts_at = self.now - timedelta(minutes=ago)
        period = Period(1, starts_at, starts_at + timedelta(minutes=lasts))
        name = f"plan:{next(self.numbers)}"
        self.begun.append(Begun(self._living(who), name, period, gives, allowed))
        self.begin_again(line, -1, is_turn=is_turn)

    @precondition(lambda self: self.begun)
    @rule(line=lines, which=picks, is_turn=st.booleans())
    def begin_again(self, line: int, which: int, *, is_turn: bool) -> None:
        begun, act = pick(self.begun, which), periods.turn if is_turn else periods.begin
        answer = self.lines.on(line, partial(written, begun, act, self.now))
        assert answer == self._begin(begun, is_turn=is_turn)

    @precondition(lambda self: self.begun)
    @rule(which=picks, is_turn=st.booleans())
    def begin_again_on_all_lines_at_once(self, which: int, *, is_turn: bool) -> None:
        begun, act = pick(self.begun, which), periods.turn if is_turn else periods.begin
        answers = self.lines.at_once(*[partial(written, begun, act, self.now)] * CONNECTIONS)
        assert answers == [self._begin(begun, is_turn=is_turn)] * CONNECTIONS

    @precondition(lambda self: self.begun)
    @rule(line=lines, which=picks, more=st.integers(1, 10))
    def begin_again_with_other_credit(self, line: int, which: int, more: int) -> None:
        begun = pick(self.begun, which)
        other = begun._replace(gives={**begun.gives, "main": begun.gives["main"] + more})
        assert self.lines.on(line, partial(written, other, periods.begin, self.now)) == "ReferenceReused"

    @precondition(lambda self: self.begun)
    @rule(line=lines, which=picks)
    def end_a_period(self, line: int, which: int) -> None:
        begun = pick(self.begun, which)
        self.lines.on(line, partial(periods.end, begun.account, begun.name))
        self.books.end_period(begun.account.pk, begun.name, free_allowance())

    @precondition(lambda self: self.begun)
    @rule(line=lines, which=picks, by=moments)
    def give_grace(self, line: int, which: int, by: int) -> None:
        begun, ends_at = pick(self.begun, which), self.now + timedelta(minutes=by)
        self.lines.on(line, partial(periods.extend, begun.account, begun.name, ends_at=ends_at))
        expected = self.books.accounts[begun.account.pk]
        if expected.period == begun.name:
            expected.allowed.ends = ends_at

    @precondition(lambda self: self.begun)
    @rule(which=picks, who=picks, what=picks, read=st.integers(0, 300), is_turn=st.booleans())
    def begin_while_a_call_is_reserved(
        self, which: int, who: int, what: int, read: int, *, is_turn: bool
    ) -> None:
        request, name = self._call(who, what, read, 500, 1), f"plan:{next(self.numbers)}"
        begun = pick(self.begun, which)._replace(account=self._living(who), name=name)
        self.begun.append(begun)
        act = periods.turn if is_turn else periods.begin
        _, [answer] = self.lines.at_once(
            partial(written, begun, act, self.now), partial(holds.reserve, [request], at=self.now)
        )
        kept = Hold.objects.filter(pk=request.request_id).values_list("period__reference", flat=True)

        def play(books: Books, *, begin_first: bool) -> bool:
            """Tell whether this order explains the answer, and the period that the hold remembers."""
            self.books = books
            if begin_first:
                self._begin(begun, is_turn=is_turn)
            expected = self._expected(request)
            self._begin(begun, is_turn=is_turn)
            hold = books.holds.get(str(request.request_id))
            return (expected, [hold.period] if hold else []) == (told(answer), list(kept))

        orders = [deepcopy(self.books), deepcopy(self.books)]
        assert any(play(books, begin_first=first) for books, first in zip(orders, (True, False), strict=True))

    @rule(who=picks, is_on=st.booleans())
    def switch_the_wallet(self, who: int, *, is_on: bool) -> None:
        account = pick(self.accounts, who)
        periods.switch_wallet(account, is_on=is_on)
        self.books.accounts[account.pk].wallet_while_planned = is_on

    @rule(minutes=moments)
    def days_pass(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @invariant()
    def windows_of_accounts_are_as_expected(self) -> None:
        for account in Account.objects.exclude(day=None):
            expected = self.books.accounts[account.pk]
            assert account.day is not None
            assert account.week is not None
            assert account.day_requests == expected.requests_on[account.day]
            assert account.day_spent_nano_usd == expected.paid_on(account.day)
            assert account.week_spent_nano_usd == expected.paid_in_week(account.week)
            assert account.budget_spent_nano_usd == expected.paid_of_budget()

    @invariant()
    def periods_are_as_expected(self) -> None:
        kept = AccountAllowance.objects.values_list(
            "account_id", "account__period__reference", "period_ends_at"
        )
        expected = {pk: (each.period, each.allowed.ends) for pk, each in self.books.accounts.items()}
        assert {pk: facts for pk, *facts in kept} == {pk: list(facts) for pk, facts in expected.items()}

    def _begin(self, begun: Begun, *, is_turn: bool) -> str:
        act = self.books.turn if is_turn else self.books.begin
        return act(begun.account.pk, begun.name, begun.allowed, begun.gives, self.now)
