"""A code becomes credit once, for one customer, however it is typed and however many type it."""

import os
from collections import Counter
from itertools import cycle

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import TooManyAttempts
from accounts.models import AttemptWindow, Customer
from ledger.models import Account, Entry, Lot
from ledger.money import NanoUSD
from ledger.services import entries
from ledger.services.entries import Movement
from redemption.errors import CodeMistyped, CodeUnusable
from redemption.models import Code
from redemption.services import code_text, proof, wallets
from redemption.services.code_text import CodeText
from redemption.services.wallets import ATTEMPTS_PER_ADDRESS, ATTEMPTS_PER_USER, Redeemed
from tests.factories.accounts import CustomerFactory
from tests.factories.redemption import codes_of, issued_batch, new_code
from tests.redemption import books
from tests.redemption.test_issuing import SOLD, USD
from tests.together import together

CODES = 200 if os.environ.get("PROVE") == "1" else 3
ADDRESS = "192.0.2.1"
TYPO = "1" + "0" * 27


@pytest.mark.django_db
def test_redeeming_adds_the_value_to_the_wallet_and_says_so() -> None:
    customer = CustomerFactory.create()
    wallets.redeem(typed_code=new_code(value_nano_usd=2 * USD), customer=customer, address=ADDRESS)

    redeemed = wallets.redeem(typed_code=new_code(value_nano_usd=3 * USD), customer=customer, address=ADDRESS)

    assert redeemed == Redeemed(NanoUSD(3 * USD), NanoUSD(5 * USD))
    assert Account.objects.get(customer=customer).wallet_balance_nano_usd == 5 * USD
    assert books.held_for_codes() == 0
    assert proof.discrepancies() == []


@pytest.mark.django_db
def test_the_credit_keeps_what_was_paid_and_when_the_code_was_issued() -> None:
    batch = issued_batch(count=1, **SOLD)

    wallets.redeem(typed_code=codes_of(batch)[0], customer=CustomerFactory.create(), address=ADDRESS)

    lot, code = Lot.objects.select_related("entry").get(), Code.objects.get()
    assert (lot.paid_amount, lot.paid_currency, lot.paid_units_per_usd) == batch.price
    assert (lot.amount_nano_usd, lot.acquired_at) == (USD, batch.created_at)
    assert (lot.entry.reference, lot.entry.kind) == (f"redemption:{code.pk}", Entry.Kind.CODE_REDEEMED)


@pytest.mark.django_db
def test_a_code_pays_out_once_however_often_it_is_typed() -> None:
    text, customer = new_code(), CustomerFactory.create()
    wallets.redeem(typed_code=code_text.grouped(text), customer=customer, address=ADDRESS)

    with pytest.raises(CodeUnusable):
        wallets.redeem(typed_code=f" {text.lower()} ", customer=customer, address=ADDRESS)

    assert Account.objects.get(customer=customer).wallet_balance_nano_usd == USD


@pytest.mark.django_db
def test_a_typo_costs_neither_a_query_nor_an_attempt() -> None:
    customer = CustomerFactory.create()

    with CaptureQueriesContext(connection) as queries, pytest.raises(CodeMistyped):
        wallets.redeem(typed_code=TYPO, customer=customer, address=ADDRESS)

    assert len(queries) == 0
    assert not AttemptWindow.objects.exists()


@pytest.mark.django_db
def test_a_customer_has_so_many_tries_and_then_not_even_a_good_code_is_looked_at() -> None:
    customer, text = CustomerFactory.create(), new_code()
    use_up(ATTEMPTS_PER_USER, [customer], ADDRESS)

    with pytest.raises(TooManyAttempts):
        wallets.redeem(typed_code=text, customer=customer, address="198.51.100.7")

    assert Code.objects.get().state == Code.State.LIVE


@pytest.mark.django_db
def test_an_address_has_so_many_tries_whoever_makes_them() -> None:
    use_up(ATTEMPTS_PER_ADDRESS, CustomerFactory.create_batch(ATTEMPTS_PER_ADDRESS), ADDRESS)

    with pytest.raises(TooManyAttempts):
        wallets.redeem(typed_code=new_code(), customer=CustomerFactory.create(), address=ADDRESS)


@pytest.mark.django_db(transaction=True)
def test_a_code_whose_grant_is_in_the_books_already_is_a_fault_and_stays_live() -> None:
    text, customer = new_code(), CustomerFactory.create()
    code = Code.objects.get()
    there_already = Movement(entries.PROMOTION, entries.CODES, NanoUSD(1))
    entries.post(reference=f"redemption:{code.pk}", kind=Entry.Kind.CORRECTION, movements=[there_already])

    with pytest.raises(IntegrityError, match="granted before"):
        wallets.redeem(typed_code=text, customer=customer, address=ADDRESS)

    assert Code.objects.get().state == Code.State.LIVE


@pytest.mark.django_db(transaction=True)
def test_of_64_customers_who_type_one_code_at_once_one_gets_it() -> None:
    outcomes = [race_for(text) for text in codes_of(issued_batch(count=CODES))]

    assert outcomes == [{"Redeemed": 1, "CodeUnusable": 63}] * CODES
    assert sum(Account.objects.values_list("wallet_balance_nano_usd", flat=True)) == CODES * USD
    assert Lot.objects.count() == CODES
    assert proof.discrepancies() == []


def race_for(text: CodeText) -> Counter[str]:
    """Let 64 strangers redeem one code at one moment, and count what came of it."""
    customers = Customer.objects.bulk_create(Customer() for _ in range(64))

    def act(number: int) -> Redeemed:
        customer = customers[number]
        return wallets.redeem(typed_code=text, customer=customer, address=f"of {customer.pk}")

    return Counter(type(outcome).__name__ for outcome in together(64, act))


def use_up(tries: int, customers: list[Customer], address: str) -> None:
    """Try as many codes that never were, each customer in turn."""
    for text, customer in zip(code_text.generate(tries), cycle(customers), strict=False):
        with pytest.raises(CodeUnusable):
            wallets.redeem(typed_code=text, customer=customer, address=address)
