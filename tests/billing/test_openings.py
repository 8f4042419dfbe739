"""Who may open an order, and what a new browser or a mailed link comes to."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from accounts.errors import TooManyAttempts
from accounts.models import AttemptWindow
from billing.errors import CodeTyped, NumberMistyped, OrderNotFound
from billing.models import Order, OrderBrowser, OrderMail, OrderStep
from billing.services import mails, openings, order_numbers
from billing.services.openings import Visitor
from tests.billing import paying
from tests.factories import billing as make
from tests.factories.accounts import UserFactory
from tests.factories.redemption import codes_of, issued_batch
from tests.together import together

pytestmark = pytest.mark.django_db

SOMEBODY = Visitor(browser_id="somebody's browser")
HERE = "192.0.2.1"
NOBODYS = "0000-0000-0000-0000-0000-0000-0002"


def test_the_browser_that_checked_out_may_open_the_order() -> None:
    order = make.order()
    openings.remember_buyer(order, "mine")

    assert openings.open_for(order.reference, Visitor(browser_id="mine")) == order


def test_the_owner_may_open_the_order_anywhere() -> None:
    user = UserFactory.create()
    order = make.order(user=user)

    assert openings.open_for(order.reference, Visitor(browser_id="any", user=user)) == order


def test_whoever_proved_to_hold_the_order_may_open_it() -> None:
    order = make.order()

    assert openings.open_for(order.reference, Visitor(browser_id="x", opened=[order.reference])) == order


@pytest.mark.parametrize("reference", ["its own", "ord_00000000000000000000"])
def test_for_anybody_else_an_order_is_not_there(reference: str) -> None:
    order = make.order(user=UserFactory.create())
    stranger = Visitor(browser_id="x", user=UserFactory.create(), opened=["ord_11111111111111111111"])

    with pytest.raises(OrderNotFound):
        openings.open_for(order.reference if reference == "its own" else reference, stranger)


def test_a_browser_that_was_only_shown_the_order_may_not_open_it_again() -> None:
    order = make.order()
    openings.record_showing(order, SOMEBODY.browser_id)

    with pytest.raises(OrderNotFound):
        openings.open_for(order.reference, SOMEBODY)


def test_an_old_pepper_still_knows_the_browser() -> None:
    order = make.order()
    openings.remember_buyer(order, "mine")
    [(version, pepper)] = settings.KEY_PEPPERS.items()

    with override_settings(KEY_PEPPERS={version + 1: b"n" * 32, version: pepper}):
        openings.record_showing(order, "mine")

        assert openings.open_for(order.reference, Visitor(browser_id="mine")) == order
    assert OrderBrowser.objects.count() == 1


def test_an_order_opens_by_its_number_however_it_is_typed() -> None:
    order = make.order()
    typed = f" {order_numbers.shown(order).lower().replace('-', ' ').replace('0', 'o')} "

    assert openings.by_number(typed, address=HERE) == order


@pytest.mark.parametrize("typed", ["", "1234", NOBODYS[:-1] + "3", "0" * 500])
def test_what_can_be_no_number_costs_no_attempt(typed: str) -> None:
    with pytest.raises(NumberMistyped):
        openings.by_number(typed, address=HERE)

    assert not AttemptWindow.objects.exists()


def test_a_code_is_told_where_it_belongs_and_costs_no_attempt() -> None:
    [code] = codes_of(issued_batch(count=1))

    with pytest.raises(CodeTyped):
        openings.by_number(code, address=HERE)

    assert not AttemptWindow.objects.exists()


def test_guessing_ends_after_five_tries_a_minute_even_for_the_right_number() -> None:
    number = order_numbers.shown(make.order())
    for _ in range(openings.PER_MINUTE):
        with pytest.raises(OrderNotFound):
            openings.by_number(NOBODYS, address=HERE)

    with pytest.raises(TooManyAttempts):
        openings.by_number(number, address=HERE)

    assert openings.by_number(number, address="192.0.2.2").pk


def test_guessing_ends_after_thirty_tries_an_hour() -> None:
    for _ in range(openings.PER_HOUR // openings.PER_MINUTE):
        for _ in range(openings.PER_MINUTE):
            with pytest.raises(OrderNotFound):
                openings.by_number(NOBODYS, address=HERE)
        AttemptWindow.objects.filter(window_ends_at__lt=timezone.now() + timedelta(minutes=2)).delete()

    with pytest.raises(TooManyAttempts) as refusal:
        openings.by_number(NOBODYS, address=HERE)

    assert refusal.value.retry_after_seconds > 60 * 50


def test_a_new_browser_is_recorded_and_told_to_the_buyer_once() -> None:
    order = make.order()

    openings.record_showing(order, "another")
    openings.record_showing(order, "another")

    assert order.steps.filter(kind=OrderStep.Kind.OPENED).count() == 1
    assert order.mails.filter(kind=OrderMail.Kind.OPENED).count() == 1


def test_every_new_browser_is_told() -> None:
    order = make.order()

    openings.record_showing(order, "one")
    openings.record_showing(order, "two")

    assert order.mails.filter(kind=OrderMail.Kind.OPENED).count() == 2


def test_the_buyers_own_browser_is_no_news() -> None:
    order = make.order()
    openings.remember_buyer(order, "mine")

    openings.record_showing(order, "mine")

    assert not order.mails.exists()


def test_a_browser_is_not_recorded_unless_its_mail_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    order = make.order()
    monkeypatch.setattr(mails, "owe", fail)

    with pytest.raises(ZeroDivisionError):
        openings.record_showing(order, "another")

    assert not order.browsers.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_showings_at_once_one_is_told() -> None:
    order = make.order()

    together(4, lambda _: openings.record_showing(order, "another"))

    assert order.browsers.count() == 1
    assert order.mails.filter(kind=OrderMail.Kind.OPENED).count() == 1


def test_a_mailed_link_opens_its_order_and_no_other() -> None:
    mine, other = make.order(), make.order(make.package("trial", product_id="prod_trial"))
    token = openings.token_for(mine)

    assert openings.by_token(mine.reference, token) == mine
    with pytest.raises(OrderNotFound):
        openings.by_token(other.reference, token)


def test_a_mailed_link_ends_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    order = make.order()
    token = openings.token_for(order)
    monkeypatch.setattr(openings, "LINK_LASTS", timedelta(seconds=-1))

    with pytest.raises(OrderNotFound):
        openings.by_token(order.reference, token)


def test_a_link_names_neither_number_nor_secret() -> None:
    order = make.order()

    link = openings.link(order)

    assert link.startswith(f"{settings.PUBLIC_URL}/orders/{order.reference}/open?token=")
    assert order_numbers.shown(order).replace("-", "") not in link.replace("-", "")


@pytest.mark.parametrize("which", ["order", "checkout", "transaction"])
def test_a_provider_number_with_its_email_brings_a_mail_an_hour(which: str) -> None:
    order = paying.paid()
    Order.objects.filter(pk=order.pk).update(checkout_id="ch_there")
    number = {"order": f"ord_of_{order.reference}", "checkout": "ch_there"}.get(which)
    number = number or order.payment.transaction_id

    for _ in range(2):
        openings.wish_link(f" {number} ", "Guest@Example.com", address=HERE)

    assert order.mails.filter(kind=OrderMail.Kind.LINK).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_wishes_at_once_one_brings_a_mail() -> None:
    order = paying.paid()
    number = order.payment.transaction_id

    together(8, lambda here: openings.wish_link(number, "guest@example.com", address=f"192.0.2.{here}"))

    assert order.mails.filter(kind=OrderMail.Kind.LINK).count() == 1


def test_whoever_paid_under_another_address_gets_the_mail_there() -> None:
    order = paying.paid()
    order.payment.email = "Payer@example.com"
    order.payment.save()

    openings.wish_link(order.payment.transaction_id, "payer@example.com", address=HERE)

    assert order.mails.get(kind=OrderMail.Kind.LINK).recipient == "payer@example.com"


@pytest.mark.parametrize(("number", "email"), [("", "guest@example.com"), ("tran", "else@example.com")])
def test_what_does_not_fit_brings_no_mail(number: str, email: str) -> None:
    order = paying.paid()

    openings.wish_link(number and order.payment.transaction_id, email, address=HERE)

    assert not order.mails.filter(kind=OrderMail.Kind.LINK).exists()


def test_wishes_for_mails_are_limited() -> None:
    for _ in range(openings.PER_MINUTE):
        openings.wish_link("unknown", "x@example.com", address=HERE)

    with pytest.raises(TooManyAttempts):
        openings.wish_link("unknown", "x@example.com", address=HERE)


def test_the_provider_is_asked_only_so_often_for_one_buyer() -> None:
    order = make.order()
    for _ in range(openings.PER_MINUTE):
        openings.count_question(order)

    with pytest.raises(TooManyAttempts):
        openings.count_question(order)


def fail(*args: object, **kwargs: object) -> None:
    raise ZeroDivisionError
