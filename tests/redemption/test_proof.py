"""The proof finds every kind of error that somebody could plant between codes and books."""

from decimal import Decimal

import pytest
from django.db import connection

from ledger.money import NanoUSD, PriceFacts
from ledger.services import proof as ledger_proof
from redemption.models import Batch, Chunk, Code
from redemption.services import codes, downloads, proof, sold_codes, wallets
from redemption.services.code_files import TXT
from tests.factories.accounts import CustomerFactory, StaffFactory
from tests.factories.redemption import BatchFactory, codes_of, issued_batch

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def books() -> None:
    """Fill the tables with one batch of every kind, all in order."""
    batch, downloaded, void = issued_batch(count=3), issued_batch(count=2), issued_batch(count=2)
    customer, _stranger = CustomerFactory.create_batch(2)
    wallets.redeem(typed_code=codes_of(batch)[0], customer=customer, address="192.0.2.1")
    wallets.redeem(typed_code=codes_of(void)[0], customer=customer, address="192.0.2.1")
    list(downloads.start(downloaded, TXT, by=StaffFactory.create()))
    codes.void_batch(void, voided_by=StaffFactory.create())
    codes.finish_voiding(void.pk)
    BatchFactory.create()
    sold_codes.issue(
        NanoUSD(1_000_000_000), PriceFacts(Decimal(1), "EUR", Decimal("0.9")), provider="creem", name="sold"
    )


def plant(statement: str) -> None:
    """Write as only the owner of the database can, past the triggers that guard the books."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_entry DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE ledger_posting DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE ledger_lot DISABLE TRIGGER USER")
        cursor.execute(statement)


def test_books_in_order_have_no_discrepancy() -> None:
    assert proof.discrepancies() == []


PLACE, GRANT, REDEEMED = "codes_place_differs", "redeemed_code_without_grant", "grant_without_redeemed_code"
CHUNK, COUNT, PLAINTEXT = "chunk_without_entry", "batch_miscounted", "plaintext_lost_or_kept"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE redemption_code SET value_nano_usd = 1 WHERE state = 'live'", {PLACE, COUNT}),
        ("DELETE FROM redemption_code WHERE state = 'live'", {PLACE, COUNT}),
        ("UPDATE ledger_posting SET amount_nano_usd = 1 WHERE source = 'promotion'", {PLACE, CHUNK}),
        ("DELETE FROM ledger_posting WHERE destination = 'wallet'", {PLACE, GRANT}),
        ("UPDATE ledger_entry SET reference = 'x' || id WHERE kind = 'code_redeemed'", {GRANT, REDEEMED}),
        ("DELETE FROM ledger_lot", {GRANT}),
        ("UPDATE ledger_lot SET amount_nano_usd = 1", {GRANT}),
        (
            "UPDATE redemption_code SET redeemed_by_id = NULL, state = 'expired' WHERE state = 'redeemed'",
            {REDEEMED},
        ),
        ("UPDATE redemption_code SET redeemed_by_id = 1 + redeemed_by_id WHERE state = 'redeemed'", {GRANT}),
        ("UPDATE ledger_entry SET reference = 'x' || id WHERE kind = 'codes_issued'", {CHUNK}),
        ("UPDATE ledger_posting SET source = 'cash:other' WHERE source = 'cash:creem'", {CHUNK}),
        ("UPDATE redemption_chunk SET size = size + 1", {CHUNK, COUNT}),
        ("UPDATE redemption_batch SET issued_count = 1 WHERE state = 'issuing'", {COUNT}),
        ("UPDATE redemption_batch SET voided_count = 2 WHERE state = 'voided'", {COUNT}),
        ("UPDATE redemption_batch SET expired_at = now() WHERE state = 'ready'", {COUNT}),
        ("UPDATE redemption_code SET batch_id = 0", {COUNT}),
        ("UPDATE redemption_batch SET state = 'voided' WHERE state = 'downloaded'", {COUNT}),
        ("UPDATE redemption_chunk SET sealed_codes = NULL", {PLAINTEXT}),
        ("UPDATE redemption_chunk SET sealed_codes = 'x'", {PLAINTEXT}),
    ],
)
def test_a_planted_error_is_found(statement: str, expected: set[str]) -> None:
    plant(statement)

    assert {found.kind for found in proof.discrepancies()} == expected


def test_a_discrepancy_says_where_and_how_much() -> None:
    code = Code.objects.live().earliest("pk")
    Code.objects.filter(pk=code.pk).update(value_nano_usd=7)

    [place, batch] = proof.discrepancies()

    assert place.subject == "codes"
    assert place.detail == "the books hold 5000000000 nano-USD, live codes are worth 4000000007"
    assert batch.subject == f"batch {code.batch_id}"


def test_only_so_many_of_a_kind_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_proof, "SHOWN_OF_A_KIND", 1)
    Chunk.objects.update(sealed_codes=None)

    assert [found.kind for found in proof.discrepancies()] == ["plaintext_lost_or_kept"]
    assert Batch.objects.count() == 5
