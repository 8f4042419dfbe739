"""The one page of an order, in every state it can be in, for everybody who may and may not see it."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from billing.models import Order, Review
from billing.services import order_numbers, reviews, standings
from redemption.services import wallets
from sandbox.creem import redirects
from tests.billing import paying
from tests.billing.shoppers import (
    CHECKOUT_URL,
    CHINESE,
    HTMX,
    address,
    again,
    buyer_of,
    delivered,
    in_state,
    look,
    page_of,
    press,
    secret_of,
    signed_in,
)
from tests.factories import billing as make
from tests.factories.accounts import UserFactory
from tests.portal.reading import english_left, words
from tests.portal.test_every_page import doubled, ids_without_label

pytestmark = pytest.mark.django_db

State = Order.State


HEADINGS = {
    State.CREATED: "The payment page could not be opened",
    State.FAILED: "The payment page could not be opened",
    State.PENDING: "Waiting for the payment",
    State.EXPIRED: "This order was not paid in time",
    State.PAID: "Paid. Your delivery is being prepared.",
    State.DELIVERING: "Paid. Your delivery is being prepared.",
}


@pytest.mark.parametrize("state", HEADINGS)
def test_before_the_delivery_the_page_says_what_to_do(state: State) -> None:
    order = in_state(state)

    page = words(page_of(buyer_of(order), order))

    assert HEADINGS[state] in page
    assert order_numbers.shown(order) in page_of(buyer_of(order), order)


@pytest.mark.parametrize("state", HEADINGS)
def test_htmx_gets_the_changing_part_alone(state: State) -> None:
    order = in_state(state)

    answer = look(buyer_of(order), order, **HTMX)

    assert answer.content.decode().strip().startswith('<div class="order-page" id="order">')
    assert "HX-Request" in answer.headers["Vary"]


@pytest.mark.parametrize("state", HEADINGS)
def test_a_chinese_page_speaks_chinese_alone(state: State) -> None:
    order = in_state(state)

    page = page_of(buyer_of(order), order, **CHINESE)

    assert english_left(page, "example.com", "Creem", order.reference) == set()


@pytest.mark.parametrize("result", ["key", "key in an account", "saved key", "code", "wallet", "review"])
def test_a_chinese_page_of_a_delivery_speaks_chinese_alone(result: str) -> None:
    user = UserFactory.create()
    order = delivered(user=user if result == "wallet" else None, as_code=result == "code")
    client = buyer_of(order)
    client.force_login(user)
    act = {"key in an account": "claim", "saved key": "save"}.get(result)
    if act:
        press(client, order, act)
    if result == "review":
        reviews.open(Review.Reason.PAID_TWICE, subject="s", order=order)

    page = page_of(client, again(order), **CHINESE)

    names = [order.reference, settings.SUPPORT_EMAIL, user.email]
    assert english_left(page, *names, "support@", "example.com") == set()


@pytest.mark.parametrize("result", ["waiting", "key", "code"])
def test_the_page_can_be_heard_steered_by_keyboard_and_used_without_scripts(result: str) -> None:
    order = in_state(State.PENDING) if result == "waiting" else delivered(as_code=result == "code")

    page = page_of(buyer_of(order), order)

    assert page.count("<h1") == 1
    assert ids_without_label(page) == []
    assert doubled(re.findall(r'\sid="([^"]+)"', page)) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=", page) == []
    for tag in re.findall(r"<[^>]+\shx-(?:get|post)=[^>]+>", page):
        assert " href=" in tag or " action=" in tag


def test_an_unpaid_order_leads_back_to_its_payment_page() -> None:
    order = in_state(State.PENDING)

    page = page_of(buyer_of(order), order)

    assert f'href="{CHECKOUT_URL}"' in page
    assert f'action="{address(order)}/ask"' in page


@pytest.mark.parametrize(
    ("age", "seconds"),
    [(timedelta(0), 2), (timedelta(minutes=5), 5), (timedelta(minutes=30), 20), (timedelta(days=2), 60)],
)
def test_a_page_that_waits_looks_again_and_ever_more_rarely(age: timedelta, seconds: int) -> None:
    order = in_state(State.PENDING)
    Order.objects.update(created_at=timezone.now() - age)

    page = page_of(buyer_of(order), order)

    assert f'hx-trigger="click, every {seconds}s"' in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_looking_again_changes_nothing_while_nothing_has_changed() -> None:
    order = in_state(State.PENDING)
    client, seen = buyer_of(order), standings.of(order).fingerprint

    before = client.get(f"{address(order)}?seen={seen}", headers=HTMX)
    paying.pay(order)
    after = client.get(f"{address(order)}?seen={seen}", headers=HTMX)

    assert (before.status_code, before.content) == (204, b"")
    assert after.status_code == 200
    assert b"Paid. Your delivery is being prepared." in after.content


@pytest.mark.parametrize("state", [State.CREATED, State.FAILED, State.EXPIRED])
def test_where_nothing_happens_by_itself_nobody_looks_again(state: State) -> None:
    order = in_state(state)

    assert "every " not in page_of(buyer_of(order), order)


def test_a_delivered_key_stands_on_the_page_with_its_base_url_and_ready_samples() -> None:
    order = delivered()

    page = page_of(buyer_of(order), order)

    key = secret_of(order)
    assert f'id="api-key" type="text" value="{key}"' in page
    assert f'id="base-url" type="text" value="{settings.PUBLIC_URL}/v1"' in page
    assert f"Authorization: Bearer {key}" in page
    assert "The Base URL is for programs." in page


def test_a_foreign_key_works_at_its_consoles_address() -> None:
    order = delivered()
    Order.objects.update(foreign_base_url="https://console.example/v1")

    page = page_of(buyer_of(order), order)

    assert 'id="base-url" type="text" value="https://console.example/v1"' in page


def test_a_delivered_code_says_that_it_is_normal_and_leads_a_stranger_to_register() -> None:
    order = delivered(as_code=True)

    page = page_of(buyer_of(order), order)

    assert f'id="code" type="text" value="{secret_of(order)}"' in page
    assert "This is no error" in page
    assert f'href="/register?next={address(order)}"' in page
    assert 'id="redeem"' not in page


def test_whoever_is_signed_in_redeems_the_code_with_one_button() -> None:
    order = delivered(as_code=True)
    client = buyer_of(order)
    client.force_login(UserFactory.create())

    page = page_of(client, order)

    assert f'<input type="hidden" name="code" value="{secret_of(order)}">' in page
    assert 'action="/wallet/redeem"' in page
    assert 'id="register"' not in page


def test_a_redeemed_code_is_said_to_be_and_not_shown() -> None:
    order = delivered(as_code=True)
    code = secret_of(order)
    wallets.redeem(typed_code=code, customer=make.order(make.package("x")).customer, address="192.0.2.1")

    page = page_of(buyer_of(order), again(order))

    assert "The code was redeemed" in page
    assert code not in page


def test_a_code_that_was_closed_is_not_shown() -> None:
    order = delivered(as_code=True)
    code = secret_of(order)
    order.code.state, order.code.closed_at = "voided", timezone.now()  # type: ignore[union-attr]
    order.code.save()  # type: ignore[union-attr]

    page = page_of(buyer_of(order), order)

    assert "The code does not work any more" in page
    assert code not in page


def test_credit_in_the_wallet_leads_its_owner_to_a_key() -> None:
    user = UserFactory.create()
    order = delivered(user=user)

    page = page_of(signed_in(user), order)

    assert "The credit is in your wallet" in page
    assert 'class="button primary" href="/tokens"' in page
    assert page.count('<li class="done">') == 3


@pytest.mark.parametrize("reason", ["wrong_amount", "paid_twice", "taken_back", "not_delivered"])
def test_an_order_that_needs_us_says_why_and_whom_to_write_to(reason: str) -> None:
    order = in_state(State.PAID if reason == "not_delivered" else State.PENDING)
    reviews.open(Review.Reason(reason), subject="s", order=order)

    page = page_of(buyer_of(order), order)

    assert "Something needs us" in page
    assert "a person looks at it within 24 hours" in page
    assert f'href="mailto:{settings.SUPPORT_EMAIL}"' in page
    assert "Waiting for the payment" not in words(page)


def test_a_delivered_order_that_needs_us_shows_its_delivery_all_the_same() -> None:
    order = delivered()
    reviews.open(Review.Reason.PAID_TWICE, subject="s", order=order)

    page = page_of(buyer_of(order), order)

    assert "Something needs us" in page
    assert secret_of(order) in page


def test_a_review_that_was_closed_is_not_shown() -> None:
    order = in_state(State.PENDING)
    reviews.open(Review.Reason.WRONG_AMOUNT, subject="s", order=order)
    Review.objects.update(closed_at=timezone.now())

    assert "Something needs us" not in page_of(buyer_of(order), order)


def test_the_page_is_kept_nowhere_and_tells_nobody_where_it_was() -> None:
    order = delivered()

    client = buyer_of(order)

    page, part = look(client, order), press(client, order, "roll", htmx=True)

    for answer in (page, part):
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert '<meta name="robots" content="noindex">' in page.content.decode()


def test_the_number_is_in_no_address_of_the_page() -> None:
    order = delivered()
    number = order_numbers.shown(order).replace("-", "")

    page = page_of(buyer_of(order), order)

    linked = re.findall(r'(?:href|action|src|hx-get|hx-post|content)="([^"]*)"', page)
    assert [each for each in linked if number in each.replace("-", "").upper()] == []


def test_a_saved_key_is_shown_to_nobody_any_more() -> None:
    order = delivered()
    client, key = buyer_of(order), secret_of(order)

    answer = press(client, order, "save")

    page = page_of(client, again(order))
    assert answer.headers["Location"] == address(order)
    assert key not in page
    assert "that you have saved it" in page


def test_a_rolled_key_is_replaced_in_place() -> None:
    order = delivered()
    client, old = buyer_of(order), secret_of(order)

    page = press(client, order, "roll", htmx=True).content.decode()

    new = secret_of(again(order))
    assert new != old
    assert f'value="{new}"' in page
    assert old not in page


def test_whoever_is_signed_in_claims_the_order_into_their_account() -> None:
    order = delivered()
    client, user = buyer_of(order), UserFactory.create()
    client.force_login(user)

    press(client, order, "claim")

    claimed = again(order)
    assert claimed.customer.user == user
    page = page_of(client, claimed)
    assert "Your key is in an account" in page
    assert 'href="/tokens"' in page


def test_a_stranger_is_asked_to_sign_in_before_claiming() -> None:
    order = delivered()

    page = page_of(buyer_of(order), order)

    assert f'href="/login?next={address(order)}"' in page
    assert 'id="claim"' not in page
    assert press(buyer_of(order), order, "claim").headers["Location"] == address(order)
    assert again(order).claimed_at is None


def test_a_buyer_who_returns_from_the_provider_is_thanked_at_a_clean_address() -> None:
    order = in_state(State.PENDING)
    client = buyer_of(order)

    answer = client.get(address(order), signed(order))
    page = page_of(client, order)

    assert (answer.status_code, answer.headers["Location"]) == (302, address(order))
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Thank you for your purchase." in page
    assert again(order).state == State.PENDING


@pytest.mark.parametrize("wrong", ["signature", "request_id"])
def test_a_return_that_is_not_genuine_is_cleaned_without_a_word(wrong: str) -> None:
    order = in_state(State.PENDING)
    client = buyer_of(order)
    query = signed(order) | ({"signature": "00"} if wrong == "signature" else signed(order, "ord_other"))

    answer = client.get(address(order), query)

    assert answer.headers["Location"] == address(order)
    assert "Thank you" not in page_of(client, order)


def signed(order: Order, reference: str = "") -> dict[str, str]:
    facts = {"checkout_id": "ch_1", "order_id": "ord_1", "request_id": reference or order.reference}
    return facts | {"signature": redirects.sign(facts, api_key=settings.CREEM_API_KEY)}
