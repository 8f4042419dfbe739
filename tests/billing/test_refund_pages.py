"""Refunds as people meet them: in the admin, on the order's page, in mails, and on the wallet page."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing.models import Order, OrderMail, Refund
from billing.services import delivery, mailing, refunds
from ledger.models import Account, Entry
from ledger.money import NanoUSD
from ledger.services import entries
from ledger.services.entries import Movement
from tests.billing import paying, shoppers
from tests.billing.shoppers import buyer_of, page_of, signed_in
from tests.billing.staff import staff_who_may
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db

ORDER_REFUND = "admin:billing_order_refund"
ORDER = "admin:billing_order_change"
REFUND = "admin:billing_refund_change"


@pytest.fixture
def buyer() -> User:
    return UserFactory.create()


@pytest.fixture
def order(buyer: User) -> Order:
    return shoppers.delivered(user=buyer)


@pytest.fixture
def operator() -> Client:
    return staff_who_may("view_order", "view_refund", "refund_order", "end_refund")


def spend_a_quarter(order: Order, buyer: User) -> None:
    account = Account.objects.get(customer__user=buyer)
    quarter = NanoUSD(order.credit_nano_usd // 4)
    movement = Movement(entries.wallet(account), entries.REVENUE, quarter)
    entries.post(reference="spent", kind=Entry.Kind.CORRECTION, movements=[movement])


def text_of(client: Client, name: str, pk: int) -> str:
    return client.get(reverse(name, args=[pk])).content.decode()


def post(client: Client, name: str, pk: int, **fields: str) -> Any:
    return client.post(reverse(name, args=[pk]), fields)


def refund(order: Order, cents: int) -> Refund:
    person = UserFactory.create(is_staff=True)
    return refunds.refund(order, cents, origin=Refund.Origin.OPERATOR, reason="asked", made_by=person)


def test_the_page_of_a_refund_shows_its_parts_and_offers_what_is_unspent(
    operator: Client, order: Order, buyer: User
) -> None:
    spend_a_quarter(order, buyer)

    page = text_of(operator, ORDER_REFUND, order.pk)

    assert 'value="7.50"' in page
    assert "Spent of it" in page


def test_an_operator_refunds_an_order_and_is_led_back_to_it(
    operator: Client, order: Order, nudges: list[tuple[str, int]]
) -> None:
    answer = post(operator, ORDER_REFUND, order.pk, amount_cents="10.00", reason="A wrong package.")

    made = Refund.objects.get()
    assert answer.url == reverse(ORDER, args=[order.pk])
    assert (made.amount_cents, made.reason, made.origin) == (1000, "A wrong package.", "operator")
    assert nudges == [("billing.tasks.ask_for_refund", made.pk)]
    assert reverse(REFUND, args=[made.pk]) in text_of(operator, ORDER, order.pk)


def test_too_much_is_refused_beside_the_amount(operator: Client, order: Order) -> None:
    page = post(operator, ORDER_REFUND, order.pk, amount_cents="10.01", reason="x").content.decode()

    assert "more than is left" in page
    assert not Refund.objects.exists()


def test_a_refund_needs_its_right(order: Order) -> None:
    nobody = staff_who_may("view_order", "view_refund")
    made = refund(order, 400)

    assert nobody.get(reverse(ORDER_REFUND, args=[order.pk])).status_code == 403
    for act in ("enter", "fail"):
        assert nobody.get(reverse(f"admin:billing_refund_{act}", args=[made.pk])).status_code == 403


def test_a_part_waits_until_its_reference_is_entered(operator: Client, order: Order) -> None:
    made = refund(order, 400)
    assert "Enter the reference" in text_of(operator, ORDER, order.pk)
    assert "Enter the reference" in text_of(operator, REFUND, made.pk)

    post(operator, "admin:billing_refund_enter", made.pk, proof="bank 77")

    made.refresh_from_db()
    assert (made.state, made.proof) == ("done", "bank 77")
    late = post(operator, "admin:billing_refund_enter", made.pk, proof="bank 78").content.decode()
    assert "known already" in late


def test_a_refund_that_failed_is_undone_in_the_admin(operator: Client, order: Order, buyer: User) -> None:
    made = refund(order, 400)

    post(operator, "admin:billing_refund_fail", made.pk, why="The account is closed.")

    assert Refund.objects.get().state == "failed"
    assert Account.objects.get(customer__user=buyer).wallet_balance_nano_usd == order.credit_nano_usd


@pytest.mark.parametrize("cents", [400, 1000])
def test_the_page_of_an_order_says_what_went_back(order: Order, cents: int) -> None:
    refund(order, cents)

    page = page_of(buyer_of(order), order)

    assert "What went back" in page
    assert ("This order was refunded" in page) == (cents == 1000)


def test_an_order_that_was_refunded_before_its_delivery_says_so_and_shows_nothing_else() -> None:
    order = paying.paid()
    client = buyer_of(order)
    refund(order, 1000)
    delivery.deliver(order.pk)

    page = page_of(client, shoppers.again(order))

    assert "Nothing was delivered" in page
    assert "sk-" not in page


def test_a_refunded_code_is_shown_no_more() -> None:
    order = shoppers.delivered(as_code=True)
    client, code = buyer_of(order), shoppers.secret_of(order)
    refund(order, 1000)

    assert code not in page_of(client, shoppers.again(order))


def test_the_wallet_says_what_is_owed_and_why(order: Order, buyer: User) -> None:
    spend_a_quarter(order, buyer)
    refund(order, 1000)

    page = signed_in(buyer).get(reverse("wallet")).content.decode()

    assert 'id="debts"' in page
    assert order.reference in page


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("kind", ["refund", "dispute"])
def test_the_mail_says_how_much_goes_back_and_what_is_owed(
    order: Order, buyer: User, kind: str, language: str
) -> None:
    spend_a_quarter(order, buyer)
    refund(order, 1000)
    Order.objects.update(language=language)
    mail = OrderMail.objects.get(kind="refund")
    OrderMail.objects.filter(pk=mail.pk).update(kind=kind)
    mail.refresh_from_db()

    letter = mailing.written(mail)

    assert "10.00" in letter.body
    assert "1.9125 USD" in letter.body
    assert "<" not in letter.body
    assert len(letter.alternatives) == 1
    assert (order.title_zh if language == "zh-hans" else order.title) in letter.subject


def test_the_lists_of_refunds_are_read(operator: Client, order: Order) -> None:
    refund(order, 400)
    address = reverse("admin:billing_refund_changelist")

    for query in ({}, {"waits": "yes"}, {"q": order.reference}):
        assert order.reference in operator.get(address, query).content.decode()
