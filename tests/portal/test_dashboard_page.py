"""The dashboard: what is left, what was spent, on what."""

import pytest
from django.test import Client

from ledger.models import Account, LanguageModel, UsageRecord
from ledger.services import holds
from tests.factories import billing as shop
from tests.factories.ledger import call, give, report, spender
from tests.portal.conftest import DOLLAR
from tests.portal.reading import words


@pytest.mark.django_db
def test_a_stranger_is_asked_to_sign_in_first() -> None:
    assert Client().get("/dashboard").headers["Location"] == "/login?next=/dashboard"


def test_a_newcomer_reads_what_will_appear_and_how(member: Client) -> None:
    page = words(member.get("/dashboard").content.decode())

    assert "Models marked free answer already" in page
    assert "No calls yet" in page
    assert "No keys yet" in page


def test_a_call_stands_there_with_its_exact_cost(
    member: Client, account: Account, chat: LanguageModel
) -> None:
    give(account, DOLLAR)
    request = call(spender(account), chat)
    holds.reserve([request])
    holds.settle([report(request, input_tokens=60, output_tokens=21)])

    page = member.get("/dashboard").content.decode()

    # 81 tokens at 0.45 USD a million: in the call, in the sums of the day and the month, and at the key.
    assert page.count('title="$0.00003645"') == 4
    assert "deepseek-chat" in page
    assert "client left" not in page


def test_a_call_that_did_not_end_well_says_so(member: Client, account: Account, chat: LanguageModel) -> None:
    give(account, DOLLAR)
    request = call(spender(account), chat)
    holds.reserve([request])
    holds.settle([report(request, outcome=UsageRecord.Outcome.CLIENT_GONE, is_estimated=True)])

    page = words(member.get("/dashboard").content.decode())

    assert "client left · estimated" in page


def test_nobody_sees_the_calls_of_another(member: Client, chat: LanguageModel) -> None:
    theirs = spender(wallet=DOLLAR)
    request = call(theirs, chat)
    holds.reserve([request])
    holds.settle([report(request)])

    page = words(member.get("/dashboard").content.decode())

    assert "No calls yet" in page
    assert theirs.api_key.shown not in page


def test_the_latest_orders_stand_on_the_dashboard_in_the_readers_language(
    member: Client, account: Account
) -> None:
    order = shop.order(user=account.customer.user)

    page = member.get("/dashboard", headers={"Accept-Language": "zh-hans"}).content.decode()

    assert f'<a href="/orders/{order.reference}">标准包</a>' in page
