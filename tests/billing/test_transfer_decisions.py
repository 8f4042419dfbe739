"""The transfer desk from the operator's side: each transfer is decided once, and what arrived is credited."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from billing.errors import BillingError, ReferenceUnreadable, TransactionUsed, TransferSettled
from billing.models import Order, OrderMail, Payment, Transfer, TransferDecision
from billing.services import delivery, mailing, proof, rates, transfer_decisions, transfers
from ledger.models import Lot, Posting
from ledger.services import proof as ledger_proof
from redemption.models import Batch
from tests.factories import billing as make
from tests.factories.accounts import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

Reason = Transfer.Reason


@pytest.fixture
def clerk() -> User:
    return StaffFactory.create()


def approve(order: Order, clerk: User, *, cents: int = 8000, reference: str = "TX-1234") -> Order:
    transfer_decisions.approve(order.pk, by=clerk, amount_cents=cents, reference=reference)
    delivery.deliver(order.pk)
    return Order.objects.get(pk=order.pk)


def test_approval_sells_a_guest_a_code_at_the_rate_of_the_order(clerk: User) -> None:
    order = make.submitted_order()
    rates.publish("CNY", Decimal(4), by=None)

    order = approve(order, clerk)

    payment, batch = Payment.objects.get(), Batch.objects.get()
    assert (order.result, order.transfer.state) == ("code", "approved")
    assert (payment.provider, payment.transaction_id) == ("transfer", "alipay:tx1234")
    assert (payment.amount_cents, payment.currency) == (8000, "CNY")
    assert (batch.value_nano_usd, batch.paid_amount, batch.paid_units_per_usd) == (
        10_000_000_000,
        Decimal(80),
        Decimal(8),
    )
    assert Posting.objects.get().source == "cash:transfer"
    assert everything_agrees()


def test_approval_credits_the_wallet_of_who_was_signed_in(clerk: User) -> None:
    order = approve(make.submitted_order(user=UserFactory.create()), clerk)

    assert order.result == "wallet"
    assert Posting.objects.get().source == "cash:transfer"
    assert Lot.objects.get().paid_units_per_usd == 8
    assert everything_agrees()


@pytest.mark.parametrize(("cents", "credit"), [(4000, 5_000_000_000), (8800, 11_000_000_000), (1, 1_250_000)])
def test_another_amount_brings_so_much_more_or_less_credit(clerk: User, cents: int, credit: int) -> None:
    order = approve(make.submitted_order(), clerk, cents=cents)

    assert (order.credit_nano_usd, order.price_cents) == (credit, 8000)
    assert Payment.objects.get().amount_cents == cents
    assert everything_agrees()


def test_a_decision_says_who_made_it_and_on_what(clerk: User) -> None:
    approve(make.submitted_order(), clerk, cents=7000)

    made = TransferDecision.objects.get()
    assert (made.kind, made.by, made.amount_cents) == ("approved", clerk, 7000)


def test_a_decision_is_never_edited(clerk: User) -> None:
    approve(make.submitted_order(), clerk)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        TransferDecision.objects.update(amount_cents=1)


def test_a_transaction_pays_one_order_of_a_channel(clerk: User) -> None:
    channel = make.channel()
    first, second = make.submitted_order(channel), make.submitted_order(channel, reference="tx 12 34")
    approve(first, clerk)

    with pytest.raises(TransactionUsed):
        approve(second, clerk, reference="tx 12 34")

    assert Transfer.objects.get(order=second).state == "submitted"
    assert Payment.objects.get().order == first


@pytest.mark.parametrize("state", ["waiting", "asked", "lapsed"])
def test_money_that_came_without_a_word_can_be_approved(clerk: User, state: str) -> None:
    order = make.submitted_order()
    lapse_at = None if state == "lapsed" else transfers.deadline()
    Transfer.objects.update(state=state, lapse_at=lapse_at)

    assert approve(order, clerk).result == "code"


def test_approval_needs_a_reference(clerk: User) -> None:
    with pytest.raises(ReferenceUnreadable):
        approve(make.submitted_order(), clerk, reference=" - ")


def test_rejection_tells_the_buyer_why_in_their_language(clerk: User) -> None:
    order = make.submitted_order(language="zh-hans")

    transfer_decisions.reject(order.pk, by=clerk, reason=Reason.NOT_ARRIVED, message="No trace of it.")

    order.refresh_from_db()
    mail = mailing.written(OrderMail.objects.get(kind="transfer_rejected"))
    assert (order.state, order.transfer.state) == ("expired", "rejected")
    assert "款项没有到账。" in str(mail.body)
    assert "No trace of it." in str(mail.body)
    assert not Payment.objects.exists()


def test_a_question_is_mailed_and_answered_by_another_submission(clerk: User) -> None:
    order = make.submitted_order()

    transfer_decisions.ask_again(order.pk, by=clerk, message="Which bank?")
    mail = mailing.written(OrderMail.objects.get(kind="transfer_asked"))
    transfers.submit(order, reference="TX-5678", screenshot=None, address="a")

    assert "Which bank?" in str(mail.body)
    transfer = Transfer.objects.get()
    assert (transfer.state, transfer.reference_key, transfer.message) == ("submitted", "tx5678", "")


def test_each_question_is_a_mail_of_its_own(clerk: User) -> None:
    order = make.submitted_order()
    transfer_decisions.ask_again(order.pk, by=clerk, message="One")
    transfers.submit(order, reference="TX-5678", screenshot=None, address="a")

    transfer_decisions.ask_again(order.pk, by=clerk, message="Two")

    assert OrderMail.objects.filter(kind="transfer_asked").count() == 2


def test_only_what_was_submitted_is_asked_about(clerk: User) -> None:
    with pytest.raises(TransferSettled):
        transfer_decisions.ask_again(make.transfer_order().pk, by=clerk, message="?")


def test_the_last_word_is_spoken_once(clerk: User) -> None:
    order = make.submitted_order()
    transfer_decisions.reject(order.pk, by=clerk, reason=Reason.OTHER, message="")

    with pytest.raises(TransferSettled):
        approve(order, clerk)
    with pytest.raises(TransferSettled):
        transfer_decisions.reject(order.pk, by=clerk, reason=Reason.OTHER, message="")

    assert TransferDecision.objects.count() == 1


def test_of_two_people_who_decide_at_once_one_is_told_so(clerk: User) -> None:
    order, start = make.submitted_order(), Barrier(2)

    def one(_: int) -> Any:
        start.wait()
        try:
            return transfer_decisions.approve(order.pk, by=clerk, amount_cents=8000, reference="TX-1234")
        except BillingError as error:
            return type(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        told = set(pool.map(one, range(2)))

    assert told == {None, TransferSettled}
    assert (Payment.objects.count(), TransferDecision.objects.count()) == (1, 1)


def test_of_two_orders_with_one_transaction_approved_at_once_one_is_paid(clerk: User) -> None:
    channel, start = make.channel(), Barrier(2)
    placed = [make.submitted_order(channel), make.submitted_order(channel)]

    def one(order: Order) -> Any:
        start.wait()
        try:
            return transfer_decisions.approve(order.pk, by=clerk, amount_cents=8000, reference="TX-1234")
        except BillingError as error:
            return type(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        told = set(pool.map(one, placed))

    assert told == {None, TransactionUsed}
    assert Payment.objects.count() == 1


def test_the_mail_about_the_account_names_the_memo_and_no_secret() -> None:
    order = make.transfer_order(language="zh-hans")

    mail = mailing.written(OrderMail.objects.get())

    assert order.transfer.memo in str(mail.body)
    assert "account of the shop" in str(mail.body)
    assert "80.00 CNY" in str(mail.body)
    assert len(mail.alternatives) == 1


def everything_agrees() -> bool:
    return [*proof.discrepancies(), *ledger_proof.discrepancies()] == []
