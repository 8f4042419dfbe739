"""Receipts: every call explained to the owner of the account, to the last digit, and to nobody else."""

import re
import uuid
from decimal import Decimal

import pytest
from django.test import Client

from ledger.models import Account, LanguageModel, UsageRecord
from ledger.money import NanoUSD, UnitRates
from ledger.services import holds, receipts
from ledger.services.receipts import State
from portal import receipt_sheets
from portal.receipt_sheets import Sheet
from tests.factories.ledger import Spender, call, give, priced, report, spender
from tests.portal.conftest import DOLLAR
from tests.portal.reading import words


@pytest.fixture
def caller(account: Account) -> Spender:
    """Return a key of the customer, who has a dollar."""
    give(account, DOLLAR)
    return spender(account)


def made(caller: Spender, model: LanguageModel, **used: object) -> uuid.UUID:
    """Make a call and return its id."""
    request = call(caller, model, input_bound_tokens=9_000, asked_output_tokens=1_000)
    holds.reserve([request])
    holds.settle([report(request, **used)])
    return request.request_id


def sheet_of(caller: Spender, request_id: uuid.UUID) -> Sheet:
    found = receipts.of_account(caller.account, request_id)
    assert found is not None
    return receipt_sheets.of(found)


def test_a_receipt_tells_all_kinds_of_tokens_at_their_rates(
    member: Client, caller: Spender, chat: LanguageModel
) -> None:
    request_id = made(
        caller, chat,
        input_tokens=1_234, cached_input_tokens=6_001, cache_write_tokens=17, output_tokens=777,
        reasoning_tokens=400,
    )  # fmt: skip

    html = member.get(f"/receipts/{request_id}").content.decode()
    page = words(html)

    assert f">{request_id}</p>" in html
    assert "Fresh input Tokens 1,234 Rate per 1M $0.45 $0.45 00 Cost $0.00 0555300" in page
    assert "Cached input Tokens 6,001 Rate per 1M $0.009 $0.00 90 Cost $0.00 0054009" in page
    assert "Cache write Tokens 17 Rate per 1M $0.45 $0.45 00 Cost $0.00 0007650" in page
    assert "Output 400 of it reasoning Tokens 777 Rate per 1M $0.45 $0.45 00 Cost $0.00 0349650" in page
    assert "Taken from your balance $0.00 0966609" in page
    assert "Paid from: Wallet $0.00 0966609" in page
    assert "version 1" in page
    assert "The call was answered to its end." in page


@pytest.mark.parametrize(
    ("used", "said"),
    [
        ({}, "The call was answered to its end."),
        ({"outcome": UsageRecord.Outcome.CLIENT_GONE}, "Your program closed the connection"),
        ({"outcome": UsageRecord.Outcome.UPSTREAM_FAILED}, "The answer broke off"),
        ({"is_estimated": True}, "Estimated: "),
        ({"input_tokens": 9_000, "output_tokens": 2_000}, "The rest is our loss"),
    ],
)
def test_how_a_call_ended_is_told_in_words(
    member: Client, caller: Spender, chat: LanguageModel, used: dict[str, object], said: str
) -> None:
    request_id = made(caller, chat, **used)

    assert said in words(member.get(f"/receipts/{request_id}").content.decode())


def test_a_call_that_runs_has_set_something_aside_and_costs_nothing_yet(
    member: Client, caller: Spender, chat: LanguageModel
) -> None:
    request = call(caller, chat)
    holds.reserve([request])

    page = words(member.get(f"/receipts/{request.request_id}").content.decode())

    assert "The call is running." in page
    assert "Costs so far $0.00 0000000" in page
    assert "Set aside: Wallet $0.00 0067500" in page
    assert "Ended" not in page


def test_a_free_call_costs_nothing_and_says_so(
    member: Client, caller: Spender, free_model: LanguageModel
) -> None:
    request_id = made(caller, free_model)

    page = words(member.get(f"/receipts/{request_id}").content.decode())

    assert "Fresh input Tokens 60 Rate per 1M free Cost $0.00 0000000" in page
    assert "Paid from" not in page


def test_every_state_of_a_call_has_its_words() -> None:
    assert set(receipt_sheets.MEANINGS) == set(State)


@pytest.mark.parametrize("used", [(60, 7, 3, 20), (1, 0, 0, 0), (9_000, 0, 0, 999), (9_000, 0, 0, 5_000)])
def test_the_column_adds_up_to_what_was_paid(caller: Spender, used: tuple[int, int, int, int]) -> None:
    crooked = priced(UnitRates(input=449_999_999, cached_input=9_000_001, cache_write=7, output=451_234_567))
    fresh, cached, written, output = used
    request_id = made(
        caller, crooked,
        input_tokens=fresh, cached_input_tokens=cached, cache_write_tokens=written, output_tokens=output,
    )  # fmt: skip

    sheet = sheet_of(caller, request_id)

    assert sum(line.cost for line in sheet.lines) + sheet.rounding + sheet.uncharged_change == sheet.cost
    assert 0 <= sheet.rounding < Decimal("1e-9")
    assert sum(amount for _pool, amount in sheet.pools) == sheet.cost


def test_no_digit_of_the_column_is_cut(member: Client, caller: Spender) -> None:
    crooked = priced(UnitRates(input=449_999_999, cached_input=0, cache_write=0, output=0))
    request_id = made(caller, crooked, input_tokens=1, output_tokens=0)

    page = words(member.get(f"/receipts/{request_id}").content.decode())

    # 449.999999 nano-USD, rounded up to 450.
    assert "Fresh input Tokens 1 Rate per 1M $0.449999999 $0.44 9999999 Cost $0.00 0000449999999" in page
    assert "Rounded up once, to a billionth of a dollar $0.00 0000000000001" in page
    assert "Taken from your balance $0.00 0000450000000" in page


def test_pools_are_told_in_the_order_in_which_they_pay() -> None:
    pools = receipt_sheets._pools(receipts.Pools(NanoUSD(3), NanoUSD(0), NanoUSD(5)))

    assert [(str(label), amount) for label, amount in pools] == [
        ("Main pool", Decimal("3e-9")),
        ("Wallet", Decimal("5e-9")),
    ]


def test_the_dashboard_leads_to_the_receipt_of_each_call(
    member: Client, caller: Spender, chat: LanguageModel
) -> None:
    request_id = made(caller, chat)

    assert f'href="/receipts/{request_id}"' in member.get("/dashboard").content.decode()


def test_a_call_of_somebody_else_looks_like_one_that_never_was(member: Client, chat: LanguageModel) -> None:
    theirs = made(spender(wallet=DOLLAR), chat)

    foreign = member.get(f"/receipts/{theirs}")
    unknown = member.get(f"/receipts/{uuid.uuid4()}")

    assert foreign.status_code == unknown.status_code == 404
    assert without_tokens(foreign.content.decode()) == without_tokens(unknown.content.decode())


def test_a_stranger_is_asked_to_sign_in_first(caller: Spender, chat: LanguageModel) -> None:
    path = f"/receipts/{made(caller, chat)}"

    assert Client().get(path).headers["Location"] == f"/login?next={path}"


def test_a_receipt_is_kept_by_no_cache(member: Client, caller: Spender, chat: LanguageModel) -> None:
    answer = member.get(f"/receipts/{made(caller, chat)}")

    assert "no-store" in answer.headers["Cache-Control"]


def without_tokens(page: str) -> str:
    """Return the page without what differs from request to request: its form tokens and its own address."""
    return re.sub(r"/receipts/[0-9a-f-]+", "", re.sub(r'value="[^"]{64}"|CSRFToken": "[^"]+"', "", page))
