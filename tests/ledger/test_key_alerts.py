"""Alerts of keys: one for each limit and window, in one mail to the owner, in their language."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils.html import strip_tags
from pytest_django import Settings

from accounts.models import User
from accounts.services import api_keys
from ledger import tasks
from ledger.models import KeyAlert, KeyAllowance, LanguageModel
from ledger.services import holds, key_alerts
from tests.factories import ledger as make
from tests.factories.accounts import CustomerFactory
from tests.factories.ledger import Spender
from tests.together import together

pytestmark = pytest.mark.django_db

NOON = datetime(2025, 3, 14, 12, 0, tzinfo=UTC)
Kind = KeyAlert.Kind


def watched(caller: Spender | None = None, *, percent: int | None = 80, **limits: Any) -> Spender:
    caller = caller or make.spender(wallet=10**6)
    KeyAllowance.objects.filter(api_key=caller.api_key).update(alert_percent=percent, **limits)
    return caller


def spend(caller: Spender, model: LanguageModel, *, at: datetime = NOON) -> None:
    """Make a call that costs 100 nano-USD, and can cost no more."""
    request = make.call(caller, model, input_bound_tokens=60, asked_output_tokens=20)
    holds.reserve([request], at=at)
    [settled] = holds.settle([make.report(request)], at=at)
    assert settled.cost_nano_usd == 100


def raised(at: datetime = NOON) -> list[tuple[str, int, int]]:
    """Raise what is due; return all alerts in order: which limit, its amount, how much of it was spent."""
    key_alerts.raise_due(at=at)
    alerts = KeyAlert.objects.order_by("created_at", "kind")
    return [(alert.kind, alert.limit_nano_usd, alert.percent) for alert in alerts]


def mails() -> list[EmailMultiAlternatives]:
    """Send what is due; return all that were sent."""
    key_alerts.send_due()
    return [letter for letter in mail.outbox if isinstance(letter, EmailMultiAlternatives)]


@pytest.mark.parametrize(
    ("limit", "kind"),
    [
        ("total_limit_nano_usd", Kind.TOTAL),
        ("monthly_limit_nano_usd", Kind.MONTHLY),
        ("daily_limit_nano_usd", Kind.DAILY),
    ],
)
def test_a_limit_that_is_spent_to_the_mark_raises_one_alert(
    model: LanguageModel, limit: str, kind: str
) -> None:
    caller = watched(None, percent=80, **{limit: 250})
    spend(caller, model)

    assert raised() == []
    spend(caller, model)
    assert raised() == [(kind, 250, 80)]
    assert raised() == [(kind, 250, 80)]


def test_what_open_calls_have_set_aside_is_not_spent(model: LanguageModel) -> None:
    caller = watched(total_limit_nano_usd=200)
    holds.reserve([make.call(caller, model)], at=NOON)

    assert raised() == []


def test_every_window_has_its_own_alert(model: LanguageModel) -> None:
    caller = watched(daily_limit_nano_usd=100, monthly_limit_nano_usd=200)
    spend(caller, model)
    raised()

    spend(caller, model, at=NOON + timedelta(days=1))

    assert raised(NOON + timedelta(days=1)) == [
        (Kind.DAILY, 100, 100), (Kind.DAILY, 100, 100), (Kind.MONTHLY, 200, 100),
    ]  # fmt: skip


def test_a_window_that_is_over_raises_nothing(model: LanguageModel, settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    caller = watched(daily_limit_nano_usd=100, monthly_limit_nano_usd=100)
    spend(caller, model, at=datetime(2025, 3, 31, 15, 59, tzinfo=UTC))

    assert raised(datetime(2025, 3, 31, 16, 0, tzinfo=UTC)) == []


def test_a_limit_that_is_changed_is_another_limit(model: LanguageModel) -> None:
    caller = watched(total_limit_nano_usd=100)
    spend(caller, model)
    raised()
    watched(caller, total_limit_nano_usd=240)
    spend(caller, model)

    assert raised() == [(Kind.TOTAL, 100, 100), (Kind.TOTAL, 240, 83)]


def test_without_a_mark_or_a_limit_there_is_no_alert(model: LanguageModel) -> None:
    unmarked = watched(percent=None, total_limit_nano_usd=100)
    unlimited = watched()
    of_nothing = watched(total_limit_nano_usd=0)
    spend(unmarked, model)
    spend(unlimited, model)

    assert of_nothing.allowance.spent_nano_usd == 0
    assert raised() == []


def test_a_deleted_key_raises_nothing(model: LanguageModel) -> None:
    caller = watched(total_limit_nano_usd=100)
    spend(caller, model)
    api_keys.revoke(caller.api_key)

    assert raised() == []


@pytest.mark.django_db(transaction=True)
def test_of_many_who_look_at_once_one_raises_it(model: LanguageModel) -> None:
    spend(watched(total_limit_nano_usd=100), model)

    counts = together(8, lambda _: key_alerts.raise_due(at=NOON))

    assert counts.count(1) == 1
    assert counts.count(0) == 7
    assert KeyAlert.objects.count() == 1


@pytest.mark.parametrize(
    ("limit", "subject", "until"),
    [
        ("total_limit_nano_usd", "has spent 80 % of its limit", "until you raise it"),
        ("monthly_limit_nano_usd", "has spent 80 % of its monthly limit", "until the next month begins"),
        ("daily_limit_nano_usd", "has spent 80 % of its daily limit", "until the next day begins"),
    ],
)
def test_the_owner_reads_what_was_spent_and_what_happens_then(
    model: LanguageModel, limit: str, subject: str, until: str
) -> None:
    caller = watched(None, percent=80, **{limit: 125})
    spend(caller, model)
    raised()

    [letter] = mails()

    assert letter.to == [caller.account.customer.user.email]  # type: ignore[union-attr]  # they have one
    assert letter.subject == f"Your API key “test” {subject}"
    assert f"“test” ({caller.api_key.shown}) have cost $0.0000001 of the $0.000000125" in letter.body
    assert until in letter.body


def test_the_mail_says_the_same_as_text_and_as_html_and_leads_to_the_keys(model: LanguageModel) -> None:
    spend(watched(total_limit_nano_usd=100), model)
    raised()

    [letter] = mails()

    html = str(letter.alternatives[0][0])
    words = strip_tags(html.split("</head>")[1].replace("<br>", " ")).split()
    assert words == str(letter.body).split()
    assert html.count(f'<a href="{site.PUBLIC_URL}/tokens"') == html.count("<a ") == 1


def test_a_mail_comes_in_its_reader_s_language(model: LanguageModel) -> None:
    spend(watched(daily_limit_nano_usd=100), model)
    User.objects.update(language="zh-hans")
    raised()

    [letter] = mails()

    assert "Your API key" not in letter.subject
    assert "test" in letter.subject


def test_an_alert_is_mailed_once(model: LanguageModel) -> None:
    spend(watched(daily_limit_nano_usd=100), model, at=datetime.now(UTC))

    tasks.send_key_alerts()
    tasks.send_key_alerts()

    assert len(mail.outbox) == 1
    assert KeyAlert.objects.get().sent_at is not None


def test_who_has_no_address_gets_no_mail(model: LanguageModel) -> None:
    guest = make.spender(make.AccountFactory.create(customer=CustomerFactory.create(user=None)))
    gone = watched(total_limit_nano_usd=100)
    User.objects.update(is_active=False)
    make.give(guest.account, 1_000)
    spend(watched(guest, total_limit_nano_usd=100), model)
    spend(gone, model)

    assert len(raised()) == 2
    assert mails() == []
