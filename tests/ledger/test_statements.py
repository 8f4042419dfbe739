"""Statements: lines that explain the balance, and what calls used."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from ledger.models import Account, Entry, LanguageModel
from ledger.money import NanoUSD
from ledger.services import entries, holds, statements
from ledger.services.entries import Movement
from ledger.services.statements import CALLS, Spending
from tests.factories import ledger as make
from tests.factories.ledger import Spender

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("proven_books")]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def use(caller: Spender, model: LanguageModel, at: datetime) -> None:
    """Make a call that costs 100, of 60 + 20 tokens."""
    request = make.call(caller, model)
    holds.reserve([request], at=at)
    holds.settle([make.report(request)], at=at)


def take(account: Account, amount: int) -> None:
    movement = Movement(entries.wallet(account), entries.EXPIRED, NanoUSD(amount))
    entries.post(reference="take", kind=Entry.Kind.CORRECTION, movements=[movement], note="too much")


def test_each_line_explains_the_balance_of_the_next(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    take(caller.account, 300)
    today = timezone.now()
    use(caller, model, at=today)
    use(caller, model, at=today)

    lines = statements.wallet_lines(caller.account, 10)

    assert [(line.kind, line.note, line.requests, line.change, line.balance) for line in lines] == [
        (CALLS, "", 2, -200, 500),
        (Entry.Kind.CORRECTION, "too much", None, -300, 700),
        (Entry.Kind.GRANT, "", None, 1_000, 1_000),
    ]
    assert [str(line.label) for line in lines] == ["calls", "correction", "credit granted"]


def test_the_calls_of_a_day_are_one_line_at_its_end_where_the_site_is(
    model: LanguageModel, settings: Settings
) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    caller = make.spender(wallet=1_000)
    midnight = datetime(2026, 3, 1, 16, tzinfo=UTC)
    for minutes in (-2, -1, 1):
        use(caller, model, at=midnight + timedelta(minutes=minutes))

    lines = statements.wallet_lines(caller.account, 3)

    assert [(line.at, line.change) for line in lines[1:]] == [
        (midnight + timedelta(days=1), -100),
        (midnight, -200),
    ]


def test_what_moves_between_the_pools_of_an_account_is_no_line(model: LanguageModel) -> None:
    account = make.funded(1_000)
    inward = Movement(entries.wallet(account), entries.backup(account), NanoUSD(10))
    entries.post(reference="inward", kind=Entry.Kind.CORRECTION, movements=[inward])

    assert [line.change for line in statements.wallet_lines(account, 10)] == [1_000]


def test_a_day_of_free_calls_is_no_line() -> None:
    caller = make.spender()
    use(caller, make.priced(is_free=True), at=timezone.now())

    assert statements.wallet_lines(caller.account, 10) == []


def test_the_newest_lines_are_shown_first_and_no_more_than_asked(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    for days in (0, 1, 2):
        use(caller, model, at=NOON + timedelta(days=days))

    lines = statements.wallet_lines(caller.account, 3)

    assert [line.change for line in lines] == [1_000, -100, -100]
    assert lines[0].at > lines[1].at > lines[2].at


def test_nobody_sees_the_lines_of_another(model: LanguageModel) -> None:
    caller, other = make.spender(wallet=1_000), make.spender()
    use(caller, model, at=timezone.now())

    assert statements.wallet_lines(other.account, 10) == []
    assert statements.recent_usage(other.account, 10) == []
    assert statements.spent_since(other.account, date(2000, 1, 1)) == Spending(NanoUSD(0), 0, 0)


def test_spending_counts_from_a_day_on(model: LanguageModel) -> None:
    caller = make.spender(wallet=1_000)
    for days in (0, 1, 2):
        use(caller, model, at=NOON + timedelta(days=days))

    spent = statements.spent_since(caller.account, date(2026, 3, 2))

    assert spent == Spending(cost=NanoUSD(200), tokens=160, requests=2)


def test_recent_calls_come_with_model_and_key(
    model: LanguageModel, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    caller = make.spender(wallet=1_000)
    for minutes in (0, 1, 2):
        use(caller, model, at=NOON + timedelta(minutes=minutes))

    with django_assert_num_queries(1):  # type: ignore[operator]  # pytest-django's fixture
        calls = statements.recent_usage(caller.account, 2)
        named = [(call.model.name, call.api_key.name) for call in calls]

    assert [call.at for call in calls] == [NOON + timedelta(minutes=2), NOON + timedelta(minutes=1)]
    assert named == [(model.name, "test")] * 2
