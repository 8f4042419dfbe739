"""Sold codes in the admin: out of the way, never to be downloaded, still to be voided."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from ledger.money import NanoUSD, PriceFacts
from redemption.models import Code
from redemption.services import codes, proof, sold_codes
from redemption.services.code_text import CodeText
from tests.factories.accounts import StaffFactory
from tests.factories.redemption import issued_batch

# Each way to ask for the list, and whether it shows what staff issued and what was sold.
LISTS = {
    "": (True, False),
    "origin=sold": (False, True),
    "origin=all": (True, True),
    "state__exact=sold": (False, True),
    "q=order+7": (False, True),
}
ACTS = ["view_batch", "download_batch", "void_batch"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    staff = StaffFactory.create()
    staff.user_permissions.set(Permission.objects.filter(codename__in=ACTS))
    client.force_login(staff)
    return client


@pytest.fixture
def sold() -> tuple[Code, CodeText]:
    paid = PriceFacts(Decimal(10), "EUR", Decimal("0.9"))
    return sold_codes.issue(NanoUSD(10**9), paid, provider="creem", name="order 7")


@pytest.mark.usefixtures("sold")
def test_sold_codes_are_listed_only_for_whoever_asks(browser: Client) -> None:
    issued_batch(name="spring")
    address = reverse("admin:redemption_batch_changelist")

    pages = {query: browser.get(f"{address}?{query}").text for query in LISTS}

    assert {query: ("spring" in page, "order 7</a>" in page) for query, page in pages.items()} == LISTS


def test_a_sold_code_cannot_be_downloaded(browser: Client, sold: tuple[Code, CodeText]) -> None:
    code, text = sold
    download = reverse("admin:redemption_batch_download", args=[code.batch_id])

    page = browser.get(reverse("admin:redemption_batch_change", args=[code.batch_id])).text
    refused = browser.post(download, {"format": "csv"})

    assert "The shop sold this code." in page
    assert "10 EUR (0.9 EUR = 1 USD)" in page
    assert "creem" in page
    assert download not in page
    assert refused.status_code == 410
    assert text not in refused.text


@pytest.mark.usefixtures("sent")
def test_a_sold_code_can_be_voided(browser: Client, sold: tuple[Code, CodeText]) -> None:
    code, _text = sold

    browser.post(reverse("admin:redemption_batch_void", args=[code.batch_id]))
    codes.finish_voiding(code.batch_id)

    code.refresh_from_db()
    assert code.state == Code.State.VOIDED
    assert proof.discrepancies() == []
