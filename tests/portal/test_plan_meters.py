"""The plan on the dashboard: its pools, its limits, and whether the wallet helps out."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from billing.services import delivery
from ledger.models import Account, AccountAllowance, LanguageModel
from ledger.money import usd
from ledger.services import holds, windows
from portal import plan_meters
from tests.billing import plan_shop
from tests.factories.ledger import call, give, report, spender
from tests.portal.conftest import DOLLAR
from tests.portal.reading import words

METERS = "/dashboard/meters"


@pytest.fixture
def running(account: Account) -> Account:
    """Return the account of somebody with the plan Starter."""
    assert account.customer.user is not None
    delivery.deliver(plan_shop.paid("starter", account.customer.user, dollars=10).pk)
    return Account.objects.get(pk=account.pk)


def used(account: Account) -> dict[str, tuple[int, int]]:
    """Return what each meter of the dashboard says, by its English label."""
    user = account.customer.user
    assert user is not None
    windows = [meter.window for meter in plan_meters.of_user(user).meters]
    return {str(window.label): (window.spent, window.limit or 0) for window in windows}


def test_without_a_plan_the_dashboard_says_what_is_free(member: Client) -> None:
    page, meters = (words(member.get(path).content.decode()) for path in ("/dashboard", METERS))

    assert "Without a plan" in page
    assert "0 of 1,000" in meters
    assert meters in page
    assert "Pay2Go" not in page


def test_a_new_plan_is_unused(running: Account) -> None:
    assert used(running) == {
        "Main pool": (0, usd("12")),
        "Backup pool": (0, usd("30")),
        "Daily cap": (0, usd("1")),
        "Weekly cap": (0, usd("3")),
        "Monthly cost budget": (0, usd("100")),
        "Requests this minute": (0, 20),
    }


def test_a_call_moves_the_pool_the_day_the_week_the_budget_and_the_minute(
    running: Account, chat: LanguageModel
) -> None:
    request = call(spender(running), chat)
    holds.reserve([request])
    holds.settle([report(request, input_tokens=60, output_tokens=21)])

    cost = usd("0.00003645")
    meters = used(running)

    assert {name: amount for name, (amount, _limit) in meters.items()} == {
        "Main pool": cost,
        "Backup pool": 0,
        "Daily cap": cost,
        "Weekly cap": cost,
        "Monthly cost budget": cost,
        "Requests this minute": 1,
    }


def test_pay2go_is_switched_on_the_dashboard(running: Account, member: Client) -> None:
    give(running, DOLLAR)
    assert "Pay2Go is on" in words(member.get("/dashboard").content.decode())

    part = member.post("/dashboard/wallet", {"is_on": ""}, headers={"HX-Request": "true"})

    assert "Pay2Go is off" in words(part.content.decode())
    assert not AccountAllowance.objects.get(account=running).wallet_while_planned
    assert member.post("/dashboard/wallet", {"is_on": "on"}).status_code == 302
    assert AccountAllowance.objects.get(account=running).wallet_while_planned


def test_who_only_looks_switches_nothing(member: Client, account: Account) -> None:
    assert member.get("/dashboard/wallet").status_code == 302
    assert AccountAllowance.objects.get(account=account).wallet_while_planned


def test_counters_of_an_earlier_day_or_week_count_as_nothing() -> None:
    now = timezone.now()
    today = timezone.localdate(now)
    last_week = today - timedelta(days=7 + today.weekday())
    account = Account(
        day=today - timedelta(days=1),
        day_spent_nano_usd=5,
        day_requests=5,
        week=last_week,
        week_spent_nano_usd=5,
    )

    found = windows.of(account, requests_per_minute=None, at=now)

    assert (found.day_spent, found.day_requests, found.week_spent) == (0, 0, 0)
    assert now < found.day_ends_at <= found.week_ends_at <= now + timedelta(days=7)


def test_the_requests_of_a_minute_free_themselves_one_by_one() -> None:
    now = timezone.now()
    account = Account(rate_arrival_at=now + timedelta(seconds=9))

    assert windows.of(account, requests_per_minute=20, at=now).minute_requests == 3
    assert windows.of(account, requests_per_minute=20, at=now + timedelta(seconds=7)).minute_requests == 1
    assert windows.of(account, requests_per_minute=20, at=now + timedelta(minutes=1)).minute_requests == 0


@pytest.mark.parametrize(("spent", "colour"), [("9.59", ""), ("9.6", " warn"), ("12", " bad")])
def test_a_meter_warns_before_its_end(running: Account, member: Client, spent: str, colour: str) -> None:
    Account.objects.filter(pk=running.pk).update(main_balance_nano_usd=usd("12") - usd(spent))

    meters = member.get(METERS).content.decode()

    assert f'class="meter{colour}"' in meters[: meters.index("Backup pool")]
