"""Published rates: in versions, of which the newest counts, and none of which is edited."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from billing.errors import NoPublishedRate
from billing.models import PublishedRate
from billing.services import rates, sale_prices
from tests.billing import paying
from tests.billing.staff import staff_who_may
from tests.factories import billing as make

pytestmark = pytest.mark.django_db

LIST, ADD = "admin:billing_publishedrate_changelist", "admin:billing_publishedrate_add"


def test_the_newest_version_counts() -> None:
    rates.publish("CNY", Decimal(8), by=None)
    rates.publish("CNY", Decimal("7.5"), by=None)

    assert rates.get("CNY") == Decimal("7.5")
    assert [rate.units_per_usd for rate in PublishedRate.objects.in_force()] == [Decimal("7.5")]


def test_a_dollar_is_a_dollar_whatever_is_published() -> None:
    assert rates.get("USD") == 1
    assert rates.currencies() == ["USD"]


def test_a_currency_without_a_rate_prices_nothing() -> None:
    with pytest.raises(NoPublishedRate):
        rates.converted(100, source="CNY", target="USD")


def test_credit_is_rounded_down_and_a_price_up() -> None:
    rates.publish("CNY", Decimal(7), by=None)

    assert rates.credit_for(1000, Decimal(7)) == 1_428_571_428
    assert rates.converted(1000, source="CNY", target="USD") == 143
    assert rates.converted(1000, source="CNY", target="CNY") == 1000


def test_an_order_keeps_the_rate_that_it_was_written_at() -> None:
    order = make.order()
    assert order.units_per_usd == 1
    rates.publish("USD", Decimal(2), by=None)

    paid = paying.pay(order)

    assert sale_prices.price_facts(paid).units_per_usd == 1


def test_the_database_refuses_to_edit_a_version() -> None:
    rates.publish("CNY", Decimal(8), by=None)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        PublishedRate.objects.update(units_per_usd=1)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        PublishedRate.objects.all().delete()


def test_staff_with_the_right_begin_a_version() -> None:
    browser = staff_who_may("view_publishedrate", "add_publishedrate")

    answer = browser.post(reverse(ADD), {"currency": "cny", "units_per_usd": "7.25"}, follow=True)

    assert answer.status_code == 200
    assert "CNY" in answer.text
    made = PublishedRate.objects.get()
    assert (made.currency, made.units_per_usd, made.set_by is not None) == ("CNY", Decimal("7.25"), True)


def test_a_rate_of_nothing_is_refused_by_its_field() -> None:
    browser = staff_who_may("view_publishedrate", "add_publishedrate")

    answer = browser.post(reverse(ADD), {"currency": "CNY", "units_per_usd": "0"})

    assert answer.status_code == 200
    assert not PublishedRate.objects.exists()


def test_nobody_edits_a_version_in_the_admin() -> None:
    rate = rates.publish("CNY", Decimal(8), by=None)
    browser = staff_who_may("view_publishedrate", "change_publishedrate")
    page = reverse("admin:billing_publishedrate_change", args=[rate.pk])

    assert browser.get(page).status_code == 200
    assert browser.post(page, {"units_per_usd": "1"}).status_code == 403
    assert staff_who_may("view_publishedrate").get(reverse(ADD)).status_code == 403
    assert "8" in browser.get(reverse(LIST)).text
