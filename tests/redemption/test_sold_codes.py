"""A code that the shop sells is one, is owed for, and remembers what was paid."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from ledger.models import Lot
from ledger.money import NanoUSD, PriceFacts
from redemption.errors import BatchSold
from redemption.models import Batch, Code
from redemption.services import codes, downloads, proof, sold_codes, wallets
from redemption.services.code_files import TXT
from redemption.services.code_text import CodeText
from tests.factories.accounts import CustomerFactory, StaffFactory
from tests.redemption import books

pytestmark = pytest.mark.django_db

VALUE = NanoUSD(7_650_000_000)
PAID = PriceFacts(Decimal("10.00"), "EUR", Decimal("0.92"))


def sold() -> tuple[Code, CodeText]:
    return sold_codes.issue(VALUE, PAID, provider="creem", name="order 7")


def test_a_sold_code_is_found_by_its_text() -> None:
    code, text = sold()

    assert codes.find(text) == code
    assert (code.value_nano_usd, code.last_four, code.state) == (VALUE, text[-4:], Code.State.LIVE)


def test_the_cash_of_the_provider_pays_for_what_is_owed() -> None:
    code, _text = sold()

    assert books.movements() == [(f"batch:{code.batch_id}:chunk:1", "cash:creem", "codes", VALUE)]
    assert proof.discrepancies() == []


def test_redeemed_credit_remembers_what_was_paid() -> None:
    code, text = sold()
    customer = CustomerFactory.create()

    wallets.redeem(typed_code=text, customer=customer, address="192.0.2.1")

    lot = Lot.objects.get()
    assert (lot.amount_nano_usd, lot.acquired_at) == (VALUE, code.batch.created_at)
    assert (
        PriceFacts(lot.paid_amount or Decimal(0), lot.paid_currency, lot.paid_units_per_usd or Decimal(0))
        == PAID
    )
    assert proof.discrepancies() == []


def test_the_text_of_a_sold_code_is_kept_nowhere_and_cannot_be_downloaded() -> None:
    code, _text = sold()

    with pytest.raises(BatchSold):
        downloads.start(code.batch, TXT, by=StaffFactory.create())
    assert code.batch.chunks.get().sealed_codes is None


def test_no_worker_and_no_sweep_has_anything_to_do_with_it() -> None:
    sold()

    assert not Batch.objects.unfinished().exists()
    assert not Batch.objects.due().exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"sold_through": ""},
        {"count": 2, "issued_count": 2},
        {"state": "ready"},
        {"state": "downloaded"},
        {"paid_amount": None, "paid_currency": "", "paid_units_per_usd": None},
    ],
)
def test_the_database_refuses_a_batch_that_is_neither_sold_nor_issued(wrong: dict[str, object]) -> None:
    code, _text = sold()

    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.filter(pk=code.batch_id).update(**wrong)


def test_staff_cannot_have_issued_a_sold_code() -> None:
    code, _text = sold()

    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.filter(pk=code.batch_id).update(issued_by=StaffFactory.create())
