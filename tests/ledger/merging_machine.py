"""The machine with merges: accounts go into each other while their calls are open."""

from copy import deepcopy
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from ledger.errors import AccountFrozen, AccountNotMergeable
from ledger.models import Account
from ledger.money import NanoUSD
from ledger.services import holds, lots, merging
from ledger.services.holds import Reserved
from tests.factories import ledger as make
from tests.ledger.books import Books, Key
from tests.ledger.expected_accounts import Account as ExpectedAccount
from tests.ledger.limiting_machine import LimitingMachine
from tests.ledger.machine import free_allowance, lines, pick, picks, told

MOST_ACCOUNTS = 6


def merged(source: Account, into: Account) -> str:
    """Merge, and return what came of it in the words of `Books`."""
    try:
        merging.merge(source, into)
    except (AccountFrozen, AccountNotMergeable) as refusal:
        return type(refusal).__name__
    return "merged"


class MergingMachine(LimitingMachine):
    """Everything that the ledger does, and accounts that come and are merged."""

    @precondition(lambda self: len(self.accounts) < MOST_ACCOUNTS)
    @rule()
    def open_an_account(self) -> None:
        spender = make.spender()
        self.accounts.append(spender.account)
        self.spenders.append(spender)
        self.books.accounts[spender.account.pk] = ExpectedAccount(free_allowance())
        self.books.keys[spender.api_key.pk] = Key(spender.account.pk)

    @rule(line=lines, who=picks, whom=picks)
    def merge(self, line: int, who: int, whom: int) -> None:
        source, into = pick(self.accounts, who), pick(self.accounts, whom)
        answer = self.lines.on(line, partial(merged, source, into))
        assert answer == self.books.merge(source.pk, into.pk)

    @rule(who=picks, whom=picks)
    def merge_on_two_lines_at_once(self, who: int, whom: int) -> None:
        source, into = pick(self.accounts, who), pick(self.accounts, whom)
        answers = self.lines.at_once(*[partial(merged, source, into)] * 2)
        assert answers == [self.books.merge(source.pk, into.pk)] * 2

    @rule(whom=picks, caller=picks, what=picks, read=st.integers(0, 300), wanted=st.integers(1, 1_000))
    def merge_while_a_call_is_reserved(
        self, whom: int, caller: int, what: int, read: int, wanted: int
    ) -> None:
        request = self._call(caller, what, read, wanted, 1)
        source = self.books.keys[self._key(request)].account
        into = pick(self.accounts, whom)
        source_account = Account.objects.get(pk=source)
        merge, [answer] = self.lines.at_once(
            partial(merged, source_account, into), partial(holds.reserve, [request], at=self.now)
        )
        account = answer.account_id if isinstance(answer, Reserved) else None

        def play(books: Books, *, merge_first: bool) -> bool:
            """Tell whether this order explains both answers."""
            self.books = books
            before = books.merge(source, into.pk) if merge_first else None
            expected = self._expected(request)
            outcome = before or books.merge(source, into.pk)
            hold = books.holds.get(str(request.request_id))
            spends = account is None or (hold is not None and hold.account == account)
            return (outcome, expected, spends) == (merge, told(answer), True)

        orders = [deepcopy(self.books), deepcopy(self.books)]
        assert any(play(books, merge_first=first) for books, first in zip(orders, (True, False), strict=True))

    @rule(line=lines)
    def follow(self, line: int) -> None:
        for pk in self.lines.on(line, merging.to_empty):
            self.lines.on(line, partial(merging.follow, pk))
        for pk in self.books.accounts:
            self.books.follow(pk)
        self._only_open_calls_are_waited_for()

    @invariant()
    def lots_hold_what_the_wallets_do(self) -> None:
        for account in Account.objects.all():
            parts = lots.newest(account, NanoUSD(account.wallet_balance_nano_usd))
            assert sum(part.amount for part in parts) == account.wallet_balance_nano_usd

    def _only_open_calls_are_waited_for(self) -> None:
        open_now = {pk for pk, each in self.books.accounts.items() if self.books.open_holds(pk)}
        merged_now = {pk for pk, each in self.books.accounts.items() if each.merged_into}
        assert set(merging.to_empty()) == merged_now & open_now
