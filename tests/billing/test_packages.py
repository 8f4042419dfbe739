"""What is for sale, in which words, and at which price."""

import pytest
from django.utils import translation

from billing.errors import NotForSale
from billing.models import Package, PackagePrice
from billing.services import packages
from tests.factories import billing as make

pytestmark = pytest.mark.django_db


def test_packages_stand_in_the_order_of_the_shop() -> None:
    make.package("second", product_id="p2", position=2)
    make.package("first", product_id="p1", position=1)

    assert [offer.package.slug for offer in packages.catalogue()] == ["first", "second"]


def test_what_is_not_offered_or_has_no_price_is_not_for_sale() -> None:
    make.package("withdrawn", is_offered=False)
    PackagePrice.objects.filter(package=make.package("priceless")).delete()

    assert packages.catalogue() == []
    for slug in ("withdrawn", "priceless", "unknown"):
        with pytest.raises(NotForSale):
            packages.find(slug)


def test_a_package_speaks_the_readers_language() -> None:
    make.package(purpose="Daily work", purpose_zh="日常工作")

    with translation.override("zh-hans"):
        offer = packages.find("standard")

        assert (offer.name, offer.purpose, offer.badge) == ("标准包", "日常工作", "")


def test_a_wording_that_is_missing_in_chinese_gives_way_to_english() -> None:
    make.package(badge="Best value")

    with translation.override("zh-hans"):
        assert packages.find("standard").badge == "Best value"


def test_usd_is_charged_unless_the_buyer_chooses_another_currency() -> None:
    package = make.package()
    PackagePrice.objects.create(package=package, currency="EUR", price_cents=950, product_id="prod_eur")

    offer = packages.find("standard")

    assert offer.price.currency == "USD"
    assert offer.price_of("creem-eur").price_cents == 950
    with pytest.raises(NotForSale):
        offer.price_of("creem-gbp")


@pytest.mark.parametrize(("cents", "tokens", "expected"), [(813, 17_000_000, 48), (100, 1_000_000, 100)])
def test_the_price_of_a_million_tokens_is_rounded_up(cents: int, tokens: int, expected: int) -> None:
    make.package(price_cents=cents, tokens=tokens)

    assert packages.find("standard").cents_per_million == expected


def test_a_list_price_that_is_charged_as_it_is_needs_no_second_word() -> None:
    make.package(price_cents=1000)

    assert packages.find("standard").is_listed_otherwise
    Package.objects.update(list_price_cents=1000, list_currency="USD")
    assert not packages.find("standard").is_listed_otherwise
