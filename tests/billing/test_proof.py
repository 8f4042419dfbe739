"""The proof finds every kind of error that somebody could plant between orders, payments and books."""

import pytest
from django.db import connection
from pytest_django import Settings

from billing.models import Order
from billing.services import proof
from billing.services.transfer_decisions import approve
from ledger.services import proof as ledger_proof
from tests.billing.paying import paid
from tests.billing.test_delivery import delivered
from tests.factories import billing as make
from tests.factories.accounts import CustomerFactory, StaffFactory, UserFactory
from tests.factories.redemption import issued_batch

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def books(settings: Settings) -> None:
    """Sell one of everything, and leave one order unpaid and one undelivered."""
    package = make.package()
    make.order(package)
    paid(package)
    delivered(paid(package))
    delivered(paid(package, user=UserFactory.create()))
    settings.KEY_ISSUER = "off"
    delivered(paid(package))


def plant(statement: str) -> None:
    """Write as only the owner of the database can, past the triggers that guard the books."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_entry DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE ledger_posting DISABLE TRIGGER USER")
        cursor.execute(statement)


def test_books_in_order_have_no_discrepancy() -> None:
    assert proof.discrepancies() == []


PAYMENT, WAITS = "paid_order_without_its_payment", "paid_order_that_waits_for_nothing"
CREDIT, ORDER = "delivered_order_without_its_credit", "credit_without_its_order"
SOLD, UNSOLD = "sold_code_without_its_order", "order_with_the_code_of_no_sale"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM billing_payment", {PAYMENT}),
        ("UPDATE billing_order SET paid_at = NULL, state = 'failed', deliver_at = NULL WHERE state = 'paid'",
         {PAYMENT}),
        ("UPDATE billing_order SET deliver_at = NULL", {WAITS}),
        ("UPDATE billing_order SET deliver_at = now() WHERE state = 'delivered'", {WAITS}),
        ("UPDATE ledger_entry SET reference = 'x' || id WHERE kind = 'order_delivered'", {CREDIT, ORDER}),
        ("UPDATE ledger_posting SET amount_nano_usd = 1", {CREDIT}),
        ("UPDATE ledger_posting SET source = 'cash:other'", {CREDIT}),
        ("UPDATE billing_order SET credit_nano_usd = 1 WHERE result <> 'code'", {CREDIT}),
        ("UPDATE billing_order SET foreign_key_id = '7' WHERE result = 'key'", {ORDER}),
        ("UPDATE billing_order SET credit_nano_usd = 1 WHERE result = 'code'", {SOLD}),
        ("UPDATE redemption_batch SET sold_through = 'other'", {SOLD}),
    ],
)  # fmt: skip
def test_a_planted_error_is_found(statement: str, expected: set[str]) -> None:
    plant(statement)

    assert {found.kind for found in proof.discrepancies()} == expected


DONE_AT_ONCE = """
    UPDATE billing_agentjob SET state = 'done', claimed_by_id = %(clerk)s, ended_at = now(), outcome = 'x'
"""
JOB, TRANSFER = "order_by_hand_whose_job_says_otherwise", "transfer_whose_payment_says_otherwise"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE billing_agentjob SET state = 'unpaid'", {JOB}),
        (DONE_AT_ONCE, {JOB}),
        ("DELETE FROM billing_agentjob", {JOB}),
        ("UPDATE billing_order SET deliver_at = now() WHERE kind = 'agent'", {WAITS}),
        ("UPDATE billing_transfer SET state = 'lapsed'", {TRANSFER}),
        ("UPDATE billing_order SET provider = 'creem' WHERE kind = 'agent'", {TRANSFER}),
        ("DELETE FROM billing_payment WHERE provider = 'transfer'", {PAYMENT, TRANSFER}),
    ],
)  # fmt: skip
def test_a_planted_error_in_work_by_hand_is_found(statement: str, expected: set[str]) -> None:
    clerk, order = StaffFactory.create(), make.agent_order()
    approve(order.pk, by=clerk, amount_cents=order.price_cents, reference="TX-1234")
    assert proof.discrepancies() == []

    plant(statement % {"clerk": clerk.pk})

    assert {found.kind for found in proof.discrepancies()} == expected


def test_a_code_that_was_not_sold_is_found() -> None:
    batch = issued_batch(count=1)

    Order.objects.filter(result=Order.Result.CODE).update(code=batch.codes.get())

    assert {found.kind for found in proof.discrepancies()} == {SOLD, UNSOLD}


def test_a_key_that_belongs_to_somebody_else_is_found() -> None:
    Order.objects.filter(result=Order.Result.KEY).update(customer=CustomerFactory.create())

    assert {found.kind for found in proof.discrepancies()} == {"key_of_another_customer"}


def test_only_so_many_of_a_kind_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_proof, "SHOWN_OF_A_KIND", 1)
    plant("DELETE FROM billing_payment")

    assert [found.kind for found in proof.discrepancies()] == [PAYMENT]
