"""Packages in the admin: written in both languages, priced, and refused when they make no sense."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from billing.models import Order, Package, PackagePrice
from ledger.money import UnitRates, usd
from ledger.services import pricing
from tests.billing.staff import staff_who_may
from tests.factories import billing as make
from tests.factories.ledger import ModelFactory

ADD, PAGE = "admin:billing_package_add", "admin:billing_package_change"
LIST = "admin:billing_package_changelist"
WORDS = {
    "slug": "big", "name": "Big", "name_zh": "大包", "purpose": "A lot", "purpose_zh": "很多",
    "badge": "", "badge_zh": "",
}  # fmt: skip
FACTS = {
    "list_price_cents": "65.00", "list_currency": "CNY", "tokens": "17000000", "credit_nano_usd": "7.65",
    "delivery": "auto", "position": "3", "is_offered": "on",
}  # fmt: skip
PRICE = {
    "prices-TOTAL_FORMS": "1", "prices-INITIAL_FORMS": "0", "prices-0-provider": "creem",
    "prices-0-currency": "USD", "prices-0-price_cents": "8.13", "prices-0-product_id": "prod_big",
}  # fmt: skip
PACKAGE = {**WORDS, **FACTS, **PRICE}

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    make.rate()
    acts = ("view", "add", "change", "delete")
    return staff_who_may(*(f"{act}_{model}" for act in acts for model in ("package", "packageprice")))


def test_a_package_is_kept_in_hundredths_and_in_the_unit_of_the_books(browser: Client) -> None:
    browser.post(reverse(ADD), PACKAGE)

    package, price = Package.objects.get(), PackagePrice.objects.get()
    assert (package.name_zh, package.list_price_cents, package.list_currency) == ("大包", 6_500, "CNY")
    assert (package.tokens, package.credit_nano_usd) == (17_000_000, 7_650_000_000)
    assert (price.package, price.price_cents, price.product_id) == (package, 813, "prod_big")


def test_a_price_that_is_left_empty_is_the_list_price_at_the_published_rate(browser: Client) -> None:
    browser.post(reverse(ADD), PACKAGE | {"prices-0-price_cents": ""})

    assert PackagePrice.objects.get().price_cents == 813


def test_credit_that_is_left_empty_is_what_the_tokens_cost(browser: Client) -> None:
    model = ModelFactory.create(name="deepseek-chat")
    pricing.set_rate(model, UnitRates(usd("0.45"), usd("0.009"), usd("0.45"), usd("0.9")))

    browser.post(reverse(ADD), PACKAGE | {"credit_nano_usd": ""})

    assert Package.objects.get().credit_nano_usd == usd("7.65")


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"list_price_cents": "0"}, "greater than or equal to 0.01"),
        ({"list_price_cents": "65.001"}, "no more than 2 decimal places"),
        ({"list_price_cents": "99999999"}, "less than or equal to 21474836.47"),
        ({"list_currency": "XYZ"}, "Select a valid choice"),
        ({"tokens": "0"}, "greater than or equal to 1"),
        ({"credit_nano_usd": "0.0000000001"}, "no more than 9 decimal places"),
        ({"credit_nano_usd": "0"}, "greater than or equal to 1E-9"),
        ({"credit_nano_usd": ""}, "The reference model has no rate"),
        ({"prices-0-price_cents": "0.99"}, "greater than or equal to 1.00"),
        ({"prices-0-price_cents": "", "prices-0-currency": "EUR"}, "Only a price in USD follows"),
        ({"prices-0-product_id": ""}, "This field is required"),
    ],
)
def test_a_package_that_makes_no_sense_is_told_so_at_its_field(
    browser: Client, wrong: dict[str, str], complaint: str
) -> None:
    answer = browser.post(reverse(ADD), PACKAGE | wrong)

    assert complaint in answer.text
    assert not Package.objects.exists()


def test_the_page_shows_what_is_kept_as_it_is_typed(browser: Client) -> None:
    package = make.package()

    page = browser.get(reverse(PAGE, args=[package.pk])).text

    assert 'value="65.00"' in page
    assert 'value="7.65"' in page
    assert 'value="10.00"' in page


def test_saving_what_is_shown_changes_nothing(browser: Client) -> None:
    package = make.package(name_zh="标准包")
    before = Package.objects.values().get(), PackagePrice.objects.values().get()

    answer = browser.post(reverse(PAGE, args=[package.pk]), as_shown(browser, package))

    assert answer.status_code == 302
    assert LogEntry.objects.get().get_change_message() == "No fields changed."
    assert (Package.objects.values().get(), PackagePrice.objects.values().get()) == before


def test_a_new_price_changes_no_order(browser: Client) -> None:
    package = make.package()
    make.order(package)
    shown = as_shown(browser, package)

    browser.post(reverse(PAGE, args=[package.pk]), shown | {"prices-0-price_cents": "12.50"})

    assert PackagePrice.objects.get().price_cents == 1_250
    assert Order.objects.get().price_cents == 1_000


def test_the_list_tells_what_is_published_and_what_is_charged(browser: Client) -> None:
    make.package()

    page = browser.get(reverse(LIST)).text

    assert ">CNY 65.00<" in page
    assert ">USD 10.00<" in page
    assert ">$7.65<" in page


def test_adding_needs_its_right() -> None:
    assert staff_who_may("view_package").get(reverse(ADD)).status_code == 403


def as_shown(browser: Client, package: Package) -> dict[str, Any]:
    """Return what a browser would send that changes nothing."""
    context = browser.get(reverse(PAGE, args=[package.pk])).context
    formset = context["inline_admin_formsets"][0].formset
    forms = [context["adminform"].form, formset.management_form, *formset.forms]
    fields = [field for form in forms for field in form]
    sent = {field.html_name: field.value() for field in fields}
    return {name: value for name, value in sent.items() if value is not None and value is not False}
