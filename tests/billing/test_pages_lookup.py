"""Order Lookup: the way back to an order, and no way to somebody else's."""

import logging
import re
from typing import Any

import pytest
from django.test import Client

from billing.models import Order, OrderMail
from billing.services import delivery, openings, order_numbers
from tests.billing import paying
from tests.billing.shoppers import CHINESE, address, buyer_of, look, page_of, secret_of, signed_in
from tests.factories import billing as make
from tests.factories.accounts import UserFactory
from tests.factories.redemption import codes_of, issued_batch
from tests.portal.reading import english_left, words

pytestmark = pytest.mark.django_db

LOOKUP = "/orders/lookup"
NOBODYS = "0000-0000-0000-0000-0000-0000-0002"


@pytest.fixture
def order() -> Order:
    """Return an order that was delivered as a key."""
    bought = paying.paid()
    delivery.deliver(bought.pk)
    return Order.objects.get(pk=bought.pk)


def look_up(client: Client, number: str, **headers: str) -> Any:
    return client.post(LOOKUP, {"number": number}, headers=headers)


def ask_for_mail(client: Client, number: str, email: str) -> Any:
    return client.post(f"{LOOKUP}/mail", {"provider_number": number, "email": email})


def test_a_number_opens_the_page_that_the_buyer_saw(order: Order) -> None:
    client = Client()

    answer = look_up(client, order_numbers.shown(order).lower().replace("-", " "))

    page = page_of(client, order)
    assert answer.headers["Location"] == address(order)
    assert f'value="{secret_of(order)}"' in page
    assert order.mails.filter(kind=OrderMail.Kind.OPENED).count() == 1


def test_the_lookup_shows_what_the_success_page_shows(order: Order) -> None:
    client = Client()
    look_up(client, order_numbers.shown(order))

    mine, found = page_of(buyer_of(order), order), page_of(client, order)

    without_token = r'(csrfmiddlewaretoken" value=|X-CSRFToken": )"[^"]+"'
    assert re.sub(without_token, "", mine) == re.sub(without_token, "", found)


def test_an_order_that_was_looked_up_does_not_stay_open_for_ever(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    monkeypatch.setattr("billing.views.browsers.OPENED_LASTS", -openings.LINK_LASTS)
    look_up(client, order_numbers.shown(order))

    assert look(client, order).status_code == 404


def test_whoever_is_signed_in_stays_so(order: Order) -> None:
    client = signed_in(UserFactory.create())

    look_up(client, order_numbers.shown(order))

    assert "Sign out" in page_of(client, order)


def test_a_session_that_somebody_planted_does_not_open_what_its_victim_looks_up(order: Order) -> None:
    attacker, victim = Client(), Client()
    other = make.order(make.package("other"))
    look_up(attacker, order_numbers.shown(other))
    victim.cookies = attacker.cookies.__class__(attacker.cookies.output(header="", sep=";"))

    look_up(victim, order_numbers.shown(order))

    assert look(victim, order).status_code == 200
    assert look(attacker, order).status_code == 404


@pytest.mark.parametrize("number", [NOBODYS, "somebody's", "claimed"])
def test_numbers_that_open_nothing_get_one_answer(order: Order, number: str) -> None:
    typed = NOBODYS

    answer = look_up(Client(), typed)

    assert answer.status_code == 404
    assert "No order opens with this number." in words(answer.content.decode())
    assert f'value="{NOBODYS}"' in answer.content.decode()


def test_a_mistyped_number_stays_in_the_field_with_the_reason_below() -> None:
    answer = look_up(Client(), "abcd efgh")

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="abcd efgh"' in page
    assert "This is not a complete order number" in words(page)


def test_a_redemption_code_is_told_where_it_belongs() -> None:
    [code] = codes_of(issued_batch(count=1))

    page = words(look_up(Client(), code).content.decode())

    assert "This is a redemption code. Redeem it in your wallet" in page


def test_too_many_tries_say_when_to_come_back(order: Order) -> None:
    client = Client()
    for _ in range(openings.PER_MINUTE):
        look_up(client, NOBODYS)

    answer = look_up(client, order_numbers.shown(order))

    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "Too many attempts." in words(answer.content.decode())
    assert look(client, order).status_code == 404


def test_an_empty_field_is_answered_by_the_field() -> None:
    assert look_up(Client(), " ").status_code == 422
    assert ask_for_mail(Client(), "", "").status_code == 422


def test_the_page_speaks_chinese_alone() -> None:
    page = look_up(Client(), "abcd", **CHINESE).content.decode()

    assert english_left(page) == set()


def test_the_answer_is_stored_nowhere() -> None:
    assert "no-store" in Client().get(LOOKUP).headers["Cache-Control"]


def test_the_number_is_in_no_log_and_in_no_address(order: Order, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    number = order_numbers.shown(order)

    answers = [look_up(Client(), number), look_up(Client(), NOBODYS), look_up(Client(), number + "x")]

    logged = caplog.text.upper().replace("-", "")
    assert number.replace("-", "") not in logged
    assert NOBODYS.replace("-", "") not in logged
    assert number not in str([answer.headers for answer in answers])


def test_whether_a_mail_is_sent_cannot_be_told_from_the_answer(order: Order) -> None:
    fits = ask_for_mail(Client(), order.payment.transaction_id, "guest@example.com")
    fails = ask_for_mail(Client(), order.payment.transaction_id, "else@example.com")
    unknown = ask_for_mail(Client(), "tran_unknown", "guest@example.com")

    pages = {
        re.sub(r'value="[^"]{64}"|"[0-9A-Za-z]{64}"', "", each.content.decode())
        for each in (fits, fails, unknown)
    }
    assert len(pages) == 1
    assert {fits.status_code, fails.status_code, unknown.status_code} == {200}
    assert "a mail with a link to it is on its way" in pages.pop()
    assert order.mails.filter(kind=OrderMail.Kind.LINK).count() == 1


def test_wishes_for_a_mail_are_limited() -> None:
    for _ in range(openings.PER_MINUTE):
        ask_for_mail(Client(), "tran_unknown", "x@example.com")

    answer = ask_for_mail(Client(), "tran_unknown", "x@example.com")

    assert answer.status_code == 429
    assert "Too many attempts." in words(answer.content.decode())


def test_the_address_that_mails_leads_to_the_lookup() -> None:
    assert Client().get(f"{LOOKUP}/mail").headers["Location"] == LOOKUP


def test_a_mailed_link_shows_a_button_and_opens_nothing(order: Order) -> None:
    client = Client()

    answer = client.get(openings.link(order))

    assert answer.status_code == 200
    assert 'id="open"' in answer.content.decode()
    assert secret_of(order) not in answer.content.decode()
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert look(client, order).status_code == 404


def test_the_button_of_a_mailed_link_opens_the_order(order: Order) -> None:
    client = Client()

    answer = client.post(f"{address(order)}/open", {"token": openings.token_for(order)})

    assert answer.headers["Location"] == address(order)
    assert secret_of(order) in page_of(client, order)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_is_wrong_or_over_is_a_missing_order(order: Order, method: str) -> None:
    answer = getattr(Client(), method)(f"{address(order)}/open", {"token": "1tE:wrong"})

    assert answer.status_code == 404
    assert 'href="/orders/lookup"' in answer.content.decode()
