"""The wallet: balance, history, and codes redeemed with and without htmx."""

import pytest
from django.test import Client

from ledger.models import Account, LanguageModel
from ledger.services import accounts, holds
from ledger.services import entries as places
from redemption.services import code_text, wallets
from redemption.services.code_text import CodeText
from tests.factories import billing as shop
from tests.factories.ledger import call, fill, give, report, spender
from tests.factories.redemption import codes_of, issued_batch
from tests.portal.conftest import DOLLAR
from tests.portal.reading import words

HTMX = {"HX-Request": "true"}


@pytest.fixture
def code(db: None) -> CodeText:
    """Return a code worth ten dollars."""
    return codes_of(issued_batch(count=1, value_nano_usd=10 * DOLLAR))[0]


@pytest.mark.django_db
def test_a_stranger_is_asked_to_sign_in_first() -> None:
    answer = Client().get("/wallet")

    assert answer.headers["Location"] == "/login?next=/wallet"


def test_an_empty_wallet_says_how_to_fill_it(member: Client) -> None:
    page = words(member.get("/wallet").content.decode())

    assert "No credit yet" in page
    assert "Redeem a code to write the first" in page


def test_a_code_typed_in_a_hurry_is_redeemed(member: Client, code: CodeText) -> None:
    typed = f"  {code_text.grouped(code).lower().replace('-', ' ')} "

    page = member.post("/wallet/redeem", {"code": typed}).content.decode()

    assert "$10.00 was added. Your balance is now $10.00" in words(page).replace("$10.00 $10.00", "$10.00")
    assert "<html" in page


def test_htmx_gets_the_part_alone(member: Client, code: CodeText) -> None:
    answer = member.post("/wallet/redeem", {"code": code_text.grouped(code)}, headers=HTMX)

    page = answer.content.decode()
    assert page.strip().startswith('<div class="stack roomy" id="wallet">')
    assert 'id="redeemed"' in page
    assert "HX-Request" in answer.headers["Vary"]


def test_an_answer_that_followed_a_code_is_stored_nowhere(member: Client, code: CodeText) -> None:
    answer = member.post("/wallet/redeem", {"code": code_text.grouped(code)})

    assert "no-store" in answer.headers["Cache-Control"]


def test_a_mistyped_code_stays_in_the_field_with_the_reason_below(member: Client) -> None:
    answer = member.post("/wallet/redeem", {"code": "abcd efgh"}, headers=HTMX)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="abcd efgh"' in page
    assert 'aria-invalid="true"' in page
    assert "This is not a complete code" in words(page)


def test_an_empty_field_is_answered_by_the_field(member: Client) -> None:
    answer = member.post("/wallet/redeem", {"code": " "})

    assert answer.status_code == 422
    assert "This field is required." in words(answer.content.decode())


def test_a_used_code_is_refused_and_nothing_is_added(
    member: Client, account: Account, code: CodeText
) -> None:
    member.post("/wallet/redeem", {"code": code_text.grouped(code)})

    answer = member.post("/wallet/redeem", {"code": code_text.grouped(code)})

    account.refresh_from_db()
    assert answer.status_code == 422
    assert "This code cannot be redeemed" in words(answer.content.decode())
    assert account.balance_nano_usd == 10 * DOLLAR


def test_an_order_number_is_told_where_it_belongs(member: Client) -> None:
    answer = member.post("/wallet/redeem", {"code": code_text.generate_order_number()})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This is an order number." in words(page)
    assert '<a href="/orders/lookup">' in page.split('id="redeem-title"')[1].split("</form>")[0]


def test_a_mistyped_code_is_not_sent_to_the_lookup(member: Client) -> None:
    page = member.post("/wallet/redeem", {"code": "abcd"}).content.decode()

    assert "/orders/lookup" not in page.split('id="redeem-title"')[1].split("</form>")[0]


def test_the_latest_orders_stand_in_the_wallet_with_their_state(member: Client, account: Account) -> None:
    order = shop.order(user=account.customer.user)

    page = member.get("/wallet").content.decode()

    assert f'<a href="/orders/{order.reference}">Standard</a>' in page
    assert "being opened" in words(page)


def test_somebody_elses_orders_do_not(member: Client) -> None:
    other = shop.order()

    page = member.get("/wallet").content.decode()

    assert other.reference not in page
    assert "What you buy will stand here" in words(page)


def test_too_many_tries_say_when_to_come_back(member: Client, code: CodeText) -> None:
    used = {"code": code_text.grouped(code)}
    answers = [member.post("/wallet/redeem", used) for _ in range(wallets.ATTEMPTS_PER_USER)]

    answer = member.post("/wallet/redeem", used)

    assert [early.status_code for early in answers] == [200, 422, 422, 422, 422]
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "Too many attempts. Try again in 1 minute." in words(answer.content.decode())


def test_the_address_that_redeems_leads_back_to_the_wallet(member: Client) -> None:
    assert member.get("/wallet/redeem").headers["Location"] == "/wallet"


def test_the_old_name_of_the_page_leads_here(member: Client) -> None:
    assert member.get("/topup?from=guide").headers["Location"] == "/wallet?from=guide"


def test_the_meter_shows_the_parts_in_proportion(member: Client, account: Account) -> None:
    fill(places.main(account), DOLLAR)
    fill(places.backup(account), DOLLAR)
    give(account, 2 * DOLLAR)

    page = member.get("/wallet").content.decode()

    assert '<rect class="pool-main" x="0" width="250" height="10"/>' in page
    assert '<rect class="pool-backup" x="250" width="250" height="10"/>' in page
    assert '<rect class="pool-wallet" x="500" width="500" height="10"/>' in page


def test_the_history_adds_up(member: Client, account: Account, chat: LanguageModel) -> None:
    give(account, DOLLAR)
    by = spender(account)
    request = call(by, chat)
    holds.reserve([request])
    holds.settle([report(request, input_tokens=100_000, output_tokens=0)])

    page = words(member.get("/wallet").content.decode())

    assert "Credit granted" in page
    assert "1 request" in page


def test_what_running_calls_hold_is_named(member: Client, account: Account, chat: LanguageModel) -> None:
    give(account, DOLLAR)
    holds.reserve([call(spender(account), chat)])

    page = words(member.get("/wallet").content.decode())

    assert "of it is set aside for calls that are running now." in page


def test_a_frozen_account_is_told(member: Client, account: Account) -> None:
    accounts.freeze(account)

    assert "This account is frozen" in words(member.get("/wallet").content.decode())


def test_nobody_sees_the_balance_of_another(member: Client) -> None:
    give(spender(wallet=DOLLAR).account, 41 * DOLLAR)

    assert b"42" not in member.get("/wallet").content.split(b'id="balance"')[1].split(b"</p>")[0]
