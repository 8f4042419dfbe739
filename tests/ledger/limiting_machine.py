"""The machine with limits of keys: of money, pace, models and networks, set and lifted at any time."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from ledger.models import KeyAllowance
from tests.ledger.books import Key
from tests.ledger.expected_accounts import Pace
from tests.ledger.machine import LedgerMachine, amounts, pick, picks

HOME = "203.0.113.0/24"

limits = st.one_of(st.none(), amounts)


class LimitingMachine(LedgerMachine):
    """Everything that the ledger does, and keys that may do less and more."""

    @initialize()
    def open_shop(self) -> None:
        super().open_shop()
        self.grant(line=0, who=0, amount=10**9)
        self.limit_how_often_a_key_calls(who=0, a_minute=2)
        self.limit_what_a_key_spends(who=1, window="daily", amount=10**6)

    @rule(who=picks, window=st.sampled_from(["total", "monthly", "daily"]), amount=limits)
    def limit_what_a_key_spends(self, who: int, window: str, amount: int | None) -> None:
        key = self._limited(who, **{f"{window}_limit_nano_usd": amount})
        setattr(key.limits, window, amount)

    @rule(who=picks, a_minute=st.sampled_from([None, 1, 3, 20]))
    def limit_how_often_a_key_calls(self, who: int, a_minute: int | None) -> None:
        key = self._limited(who, requests_per_minute=a_minute, rate_arrival_at=None)
        key.limits.a_minute, key.pace = a_minute, Pace()

    @rule(who=picks, what=st.one_of(st.none(), picks), is_bound=st.booleans())
    def limit_what_a_key_calls_and_whence(self, who: int, what: int | None, is_bound: bool) -> None:  # noqa: FBT001 - drawn
        models = None if what is None else [pick(self.models, what).pk]
        networks = [HOME] if is_bound else None
        key = self._limited(who, allowed_models=models, allowed_networks=networks)
        key.limits.models, key.limits.networks = models, networks

    @invariant()
    def windows_of_keys_are_as_expected(self) -> None:
        kept = KeyAllowance.objects.exclude(day=None).values_list(
            "api_key_id", "day", "day_spent_nano_usd", "month", "month_spent_nano_usd"
        )
        for pk, day, spent_that_day, month, spent_that_month in kept:
            assert day is not None
            assert month is not None
            key = self.books.keys[pk]
            assert (spent_that_day, spent_that_month) == (key.spent_on[day], key.spent_in_month(month))

    def _limited(self, who: int, **limits: Any) -> Key:
        """Give one of the keys these limits, and return it as the books know it."""
        api_key = pick(self.spenders, who).api_key
        KeyAllowance.objects.filter(api_key=api_key).update(**limits)
        return self.books.keys[api_key.pk]
