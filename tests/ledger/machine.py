"""A machine that does to the ledger whatever can be done, in any order, and compares it with `Books`.

Every step runs on one of several connections, some on all of them at once. Another room joins by a subclass
with rules of its own: it tells `self.books` what should have happened.
"""

import itertools
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, TypeVar

import pytest
from django.db import connection, connections
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from accounts.services import api_keys
from ledger.errors import InsufficientBalance
from ledger.models import (
    Account,
    Entry,
    Hold,
    KeyAllowance,
    LanguageModel,
    Rate,
    UsageRecord,
)
from ledger.money import NanoUSD
from ledger.services import accounts, entries, holds, proof
from ledger.services.entries import Movement, Place
from ledger.services.holds import Refused, ReleaseRequest, Reserved, ReserveRequest, SettleRequest
from tests.factories import ledger as make
from tests.ledger.books import Books, Ended, Key, Model, Price
from tests.ledger.expected_accounts import POOLS, Allowed
from tests.ledger.expected_accounts import Account as ExpectedAccount

OPEN_CALLS = 4
# What accounts without a plan may: little enough to be met within minutes.
FREE_ALLOWANCE = {"open_calls": OPEN_CALLS, "requests_per_minute": 2, "requests_per_day": 12}
CONNECTIONS = 3
LIFETIME = timedelta(minutes=15)
START = datetime(2027, 1, 31, 23, 30, tzinfo=UTC)
PRICES = [
    Price(450_000_000, 9_000_000, 562_500_000, 450_000_000),
    Price(333_333, 7_777, 333_333, 1_999_999),
    Price(5, 0, 0, 10**15),
]
# Those at home in either clothes, one from elsewhere, and one that nobody knows.
ADDRESSES = ["203.0.113.7", "::ffff:203.0.113.8", "198.51.100.1", ""]

T = TypeVar("T")

lines = st.integers(0, CONNECTIONS - 1)
amounts = st.one_of(st.integers(1, 2_000), st.integers(1, 10**12))
tokens = st.one_of(st.integers(0, 300), st.integers(0, 200_000))
picks = st.integers(0, 10**6)
hows = st.sampled_from(["drawn", "exactly", "above"])


class Lines:
    """Several connections, each with the thread that owns it."""

    def __init__(self) -> None:
        self._threads = [ThreadPoolExecutor(1) for _ in range(CONNECTIONS)]

    def on(self, line: int, act: Callable[[], T]) -> T:
        """Do it on one connection."""
        return self._threads[line].submit(act).result()

    def at_once(self, *acts: Callable[[], Any]) -> list[Any]:
        """Do each of it on a connection of its own, all at the same time."""
        running = [thread.submit(act) for thread, act in zip(self._threads, acts, strict=False)]
        return [each.result() for each in running]

    def close(self) -> None:
        self.at_once(*[connections.close_all] * CONNECTIONS)
        for thread in self._threads:
            thread.shutdown()


class LedgerMachine(RuleBasedStateMachine):
    """Two accounts, three keys, three models, and everything that happens to them."""

    # Whatever points at these goes with them.
    emptied: ClassVar[Sequence[str]] = [
        "accounts_user", "accounts_customer", "ledger_entry", "ledger_languagemodel",
        "ledger_hold", "ledger_usage", "ledger_daytotal",
    ]  # fmt: skip

    @initialize()
    def open_shop(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"truncate {', '.join(self.emptied)} cascade")
        self.lines = Lines()
        self.now = START
        self.numbers = itertools.count(1)
        self.books = Books(open_calls=OPEN_CALLS)
        self.calls: list[ReserveRequest] = []
        self.accounts = [make.AccountFactory.create() for _ in range(2)]
        self.spenders = [make.spender(self.accounts[number]) for number in (0, 0, 1)]
        self.models = [make.ModelFactory.create(is_free=is_free) for is_free in (False, False, True)]
        for account in self.accounts:
            self.books.accounts[account.pk] = ExpectedAccount(free_allowance())
        for spender in self.spenders:
            self.books.keys[spender.api_key.pk] = Key(spender.account.pk)
        for model, price in zip(self.models, PRICES, strict=True):
            self.books.models[model.pk] = Model(price, model.is_free, model.output_limit_tokens)
            self._set_price(model, price)

    @rule(line=lines, who=picks, amount=amounts)
    def grant(self, line: int, who: int, amount: int) -> None:
        account = self._living(who)
        self.lines.on(line, partial(make.give, account, amount))
        self.books.move(account.pk, "wallet", amount)

    @rule(who=picks, amount=amounts)
    def grant_once_on_all_lines_at_once(self, who: int, amount: int) -> None:
        account = self._living(who)
        grant = partial(make.give, account, amount, reference=f"grant:{next(self.numbers)}")
        assert len(set(self.lines.at_once(*[grant] * CONNECTIONS))) == 1
        self.books.move(account.pk, "wallet", amount)

    @rule(line=lines, who=picks, pool=st.sampled_from(["main", "backup"]), amount=amounts)
    def fill(self, line: int, who: int, pool: str, amount: int) -> None:
        account = self._living(who)
        self.lines.on(line, partial(make.fill, Place(pool, account), amount))
        self.books.move(account.pk, pool, amount)
        self.books.accounts[account.pk].allowed.all_models = True

    @rule(line=lines, who=picks, pool=st.sampled_from(POOLS), amount=amounts)
    def take(self, line: int, who: int, pool: str, amount: int) -> None:
        account = self._living(who)
        movement = Movement(Place(pool, account), entries.EXPIRED, NanoUSD(amount))
        post = partial(
            entries.post,
            reference=f"take:{next(self.numbers)}",
            kind=Entry.Kind.CORRECTION,
            movements=[movement],
        )
        is_enough = self.books.move(account.pk, pool, -amount)
        with nullcontext() if is_enough else pytest.raises(InsufficientBalance):
            self.lines.on(line, post)

    @rule(line=lines, who=picks, what=picks, read=tokens, wanted=st.integers(1, 20_000), n=st.integers(1, 3))
    def reserve(self, line: int, who: int, what: int, read: int, wanted: int, n: int) -> None:
        request = self._call(who, what, read, wanted, n)
        [answer] = self.lines.on(line, partial(holds.reserve, [request], at=self.now))
        assert told(answer) == self._expected(request)

    @rule(line=lines, whos=st.lists(picks, min_size=2, max_size=6), what=picks, read=tokens)
    def reserve_a_batch(self, line: int, whos: list[int], what: int, read: int) -> None:
        requests = [self._call(who, what, read, 500, 1) for who in whos]
        answers = self.lines.on(line, partial(holds.reserve, requests, at=self.now))
        # Accounts do not touch each other. The calls of one account are decided key by key.
        pairs = sorted(zip(requests, answers, strict=True), key=lambda pair: self._key(pair[0]))
        assert [told(answer) for _, answer in pairs] == [self._expected(request) for request, _ in pairs]

    @rule(who=picks, what=picks, read=tokens, wanted=st.integers(1, 20_000))
    def reserve_on_all_lines_at_once(self, who: int, what: int, read: int, wanted: int) -> None:
        requests = [self._call(who, what, read, wanted, 1) for _ in range(CONNECTIONS)]
        acts = [partial(holds.reserve, [request], at=self.now) for request in requests]
        answers = [answer for [answer] in self.lines.at_once(*acts)]
        # Of equal calls each gets what those before it left: more output, and more from the first pools.
        for request, answer in sorted(zip(requests, answers, strict=True), key=lambda pair: greed(pair[1])):
            assert told(answer) == self._expected(request)

    @precondition(lambda self: self.calls)
    @rule(line=lines, which=picks)
    def reserve_again(self, line: int, which: int) -> None:
        request = pick(self.calls, which)
        [answer] = self.lines.on(line, partial(holds.reserve, [request], at=self.now))
        assert told(answer) == self._expected(request)

    @precondition(lambda self: self.calls)
    @rule(line=lines, which=picks, used=tokens, cached=tokens, kept=tokens, written=tokens, how=hows)
    def settle(
        self, line: int, which: int, used: int, cached: int, kept: int, written: int, how: str
    ) -> None:
        report = self._report(which, (used, cached, kept, written), how)
        [answer] = self.lines.on(line, partial(holds.settle, [report], at=self.now))
        assert astuple(answer)[1:] == self._settled(report)

    @precondition(lambda self: self.calls)
    @rule(which=picks, used=tokens, written=tokens, how=hows)
    def settle_on_all_lines_at_once(self, which: int, used: int, written: int, how: str) -> None:
        report = self._report(which, (used, 0, 0, written), how)
        answers = self.lines.at_once(*[partial(holds.settle, [report], at=self.now)] * CONNECTIONS)
        assert [astuple(answer)[1:] for [answer] in answers] == [self._settled(report)] * CONNECTIONS

    @precondition(lambda self: self.calls)
    @rule(which=picks, used=tokens, written=tokens, how=hows)
    def settle_while_holds_expire(self, which: int, used: int, written: int, how: str) -> None:
        report = self._report(which, (used, 0, 0, written), how)
        [answer], expired = self.lines.at_once(
            partial(holds.settle, [report], at=self.now), partial(holds.expire_due, at=self.now)
        )
        steps = [
            lambda: astuple(answer)[1:] == self._settled(report),
            lambda: expired == self.books.expire(self.now),
        ]
        settled_first = not answer.was_late
        assert all(step() for step in (steps if settled_first else reversed(steps)))

    @precondition(lambda self: self.calls)
    @rule(line=lines, which=picks)
    def release(self, line: int, which: int) -> None:
        request = pick(self.calls, which)
        [answer] = self.lines.on(line, partial(holds.release, [ReleaseRequest(request.request_id)]))
        assert answer.was_open == self.books.release(str(request.request_id))

    @rule(minutes=st.integers(0, 20))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(seconds=st.integers(0, 40))
    def moments_pass(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(line=lines)
    def expire(self, line: int) -> None:
        expired = self.lines.on(line, partial(holds.expire_due, at=self.now))
        assert expired == self.books.expire(self.now)

    @rule(who=picks)
    def freeze(self, who: int) -> None:
        account = pick(self.accounts, who)
        accounts.freeze(account)
        self.books.accounts[account.pk].is_frozen = True

    @rule(who=picks)
    def unfreeze(self, who: int) -> None:
        account = pick(self.accounts, who)
        accounts.unfreeze(account)
        self.books.accounts[account.pk].is_frozen = False

    @rule(who=picks)
    def disable(self, who: int) -> None:
        api_key = pick(self.spenders, who).api_key
        api_keys.disable(api_key)
        self.books.keys[api_key.pk].is_disabled = True

    @rule(who=picks)
    def enable(self, who: int) -> None:
        api_key = pick(self.spenders, who).api_key
        api_keys.enable(api_key)
        self.books.keys[api_key.pk].is_disabled = False

    @rule(what=picks, factor=st.integers(1, 3))
    def change_a_price(self, what: int, factor: int) -> None:
        model = pick(self.models, what)
        old = self.books.models[model.pk].price
        self.now += timedelta(microseconds=1)
        self._set_price(
            model,
            Price(
                old.input * factor, old.cached * factor, old.kept * factor, min(old.output * factor, 10**15)
            ),
        )

    @invariant()
    def pools_are_as_expected(self) -> None:
        found = {account.pk: account for account in Account.objects.all()}
        for pk, expected in self.books.accounts.items():
            for pool in POOLS:
                assert getattr(found[pk], f"{pool}_balance_nano_usd") == expected.balance[pool]
                assert getattr(found[pk], f"{pool}_held_nano_usd") == expected.held[pool]
            assert found[pk].open_holds == self.books.open_holds(pk)

    @invariant()
    def keys_are_as_expected(self) -> None:
        kept = KeyAllowance.objects.values_list("api_key_id", "requests", "spent_nano_usd", "held_nano_usd")
        assert {row[0]: row[1:] for row in kept} == {
            pk: (key.requests, key.spent, self.books.held_by(pk)) for pk, key in self.books.keys.items()
        }

    @invariant()
    def the_journal_is_as_expected(self) -> None:
        assert {str(hold.pk) for hold in Hold.objects.all()} == set(self.books.holds)
        assert {
            str(line.pk): Ended(line.cost_nano_usd, line.uncharged_nano_usd, line.outcome == "expired")
            for line in UsageRecord.objects.all()
        } == self.books.ended

    @invariant()
    def the_books_add_up(self) -> None:
        assert proof.discrepancies() == []

    def teardown(self) -> None:
        self.lines.close()

    def _living(self, who: int) -> Account:
        """Return an account that was not merged: nobody brings credit to another."""
        return pick([each for each in self.accounts if not self.books.accounts[each.pk].merged_into], who)

    def _set_price(self, model: LanguageModel, price: Price) -> None:
        Rate.objects.create(
            model=model,
            version=model.rates.count() + 1,
            effective_from=self.now,
            input_nano_usd_per_million=price.input,
            cached_input_nano_usd_per_million=price.cached,
            cache_write_nano_usd_per_million=price.kept,
            output_nano_usd_per_million=price.output,
        )
        self.books.models[model.pk].price = price

    def _call(self, who: int, what: int, read: int, wanted: int, choices: int) -> ReserveRequest:
        number = next(self.numbers)
        request = make.call(
            pick(self.spenders, who),
            pick(self.models, what),
            request_id=uuid.UUID(int=number),
            client_address=pick(ADDRESSES, number),
            input_bound_tokens=read,
            asked_output_tokens=wanted,
            choices=choices,
            lifetime_seconds=LIFETIME.seconds,
        )
        self.calls.append(request)
        return request

    def _key(self, request: ReserveRequest) -> int:
        [spender] = [each for each in self.spenders if each.api_key.key_id == request.key_id]
        return int(spender.api_key.pk)

    def _expected(self, request: ReserveRequest) -> str:
        return self.books.reserve(
            str(request.request_id),
            self._key(request),
            request.model_id,
            (request.input_bound_tokens, request.asked_output_tokens, request.choices),
            request.client_address,
            self.now,
            self.now + LIFETIME,
        )

    def _report(self, which: int, drawn: tuple[int, int, int, int], how: str) -> SettleRequest:
        """Return a report of one of the calls: of exactly its bounds, of more, or of whatever was drawn."""
        request = pick(self.calls, which)
        hold = self.books.holds.get(str(request.request_id))
        used, cached, kept, written = drawn
        if hold and how != "drawn":
            is_dear = hold.price.kept > hold.price.input
            used, cached, kept = (0, 0, hold.input_bound) if is_dear else (hold.input_bound, 0, 0)
            written = hold.output_bound + (1 if how == "above" else 0)
        return make.report(
            request,
            input_tokens=used,
            cached_input_tokens=cached,
            cache_write_tokens=kept,
            output_tokens=written,
            reasoning_tokens=cached,  # as good a number as any
        )

    def _settled(self, report: SettleRequest) -> tuple[int, int, bool]:
        return self.books.settle(
            str(report.request_id),
            report.input_tokens,
            report.cached_input_tokens,
            report.cache_write_tokens,
            report.output_tokens,
        )


def free_allowance() -> Allowed:
    """Return what accounts without a plan may, in the words of `Books`."""
    return Allowed(FREE_ALLOWANCE["requests_per_minute"], FREE_ALLOWANCE["requests_per_day"])


def pick(choices: Sequence[T], number: int) -> T:
    """Return one of ``choices``: they are not known yet when hypothesis draws the number."""
    return choices[number % len(choices)]


def told(answer: Reserved | Refused) -> str:
    """Return an answer in the words of `Books`."""
    left = f", {answer.rate.remaining_requests} left" if answer.rate else ""
    if isinstance(answer, Refused):
        return answer.reason + left
    return f"reserved {answer.output_limit_tokens} {answer.held_nano_usd}" + left


def greed(answer: Reserved | Refused) -> tuple[int, ...]:
    """Return a key that sorts the answers that took more before those that were left less."""
    # A refusal takes no request of the minute, and may have come before those that took one.
    taken = -answer.rate.remaining_requests if answer.rate else 0
    if isinstance(answer, Refused):
        return (taken, 1)
    hold = Hold.objects.get(pk=answer.request_id)
    return (taken, 0, -answer.output_limit_tokens, -hold.main_nano_usd, -hold.backup_nano_usd)
