"""What the ledger does by itself."""

import pytest
from django.db import connection

from ledger import tasks
from ledger.models import Account, Hold, LanguageModel
from ledger.services import holds
from tests.factories import ledger as make


@pytest.mark.django_db
def test_every_hold_that_is_due_expires_however_many(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "HOLDS_AT_ONCE", 2)
    caller = make.spender(wallet=10_000)
    due = [make.call(caller, model, lifetime_seconds=0) for _ in range(5)]
    running = make.call(caller, model)
    holds.reserve([*due, running])

    tasks.expire_holds()

    assert [hold.pk for hold in Hold.objects.all()] == [running.request_id]


@pytest.mark.django_db(transaction=True)
def test_books_that_do_not_add_up_are_an_alarm(caplog: pytest.LogCaptureFixture) -> None:
    account = make.funded(100)
    tasks.prove_the_books()
    quiet = list(caplog.records)
    Account.objects.update(wallet_balance_nano_usd=99)

    tasks.prove_the_books()

    assert quiet == []
    assert f"wallet of account {account.pk}: keeps 99 nano-USD, its journal says 100" in caplog.text
    assert {record.levelname for record in caplog.records} == {"ERROR"}


@pytest.mark.django_db
def test_the_journal_is_ready_for_the_coming_months() -> None:
    tasks.prepare_journal_partitions()

    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_inherits where inhparent = 'ledger_usage'::regclass")
        assert cursor.fetchone() >= (1 + 4,)
