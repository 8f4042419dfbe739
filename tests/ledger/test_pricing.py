"""What is offered, at which price, from when on."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.models import LanguageModel, ModelAlias, Rate
from ledger.money import UnitRates
from ledger.services import pricing
from ledger.services.pricing import ModelLimits, OfferedModel
from tests.factories import ledger as make
from tests.together import together

pytestmark = pytest.mark.django_db

CHEAP, DEAR = UnitRates(1, 0, 1, 2), UnitRates(10, 5, 10, 20)


def test_the_price_list_tells_all_about_a_model() -> None:
    model = make.priced(CHEAP, name="b", vendor="Vendor", is_free=True)
    ModelAlias.objects.create(name="vendor/b", model=model)
    ModelAlias.objects.create(name="old-b", model=model)

    [offered] = pricing.catalogue(timezone.now())

    assert offered == OfferedModel(
        id=model.pk,
        name="b",
        vendor="Vendor",
        aliases=["old-b", "vendor/b"],
        is_free=True,
        limits=ModelLimits(
            context_tokens=100_000,
            output_tokens=8_000,
            input_overhead_tokens=32,
            media_part_tokens=None,
        ),
        rates=CHEAP,
        rate_version=1,
        created_at=model.created_at,
    )


def test_the_price_list_is_short_and_in_order() -> None:
    make.priced(name="b")
    make.priced(name="a")
    make.priced(name="withdrawn", is_offered=False)
    make.ModelFactory.create(name="without a price")

    assert [model.name for model in pricing.catalogue(timezone.now())] == ["a", "b"]


def test_a_change_is_a_new_version_and_the_old_one_stays() -> None:
    model = make.priced(CHEAP)
    before = timezone.now()

    changed = pricing.set_rate(model, DEAR)

    [then], [now] = pricing.catalogue(before), pricing.catalogue(timezone.now())
    assert (then.rates, then.rate_version) == (CHEAP, 1)
    assert (now.rates, now.rate_version) == (DEAR, 2)
    assert changed.units == DEAR


def test_before_its_first_price_a_model_is_not_offered() -> None:
    make.priced()

    assert pricing.catalogue(make.LONG_AGO - timedelta(microseconds=1)) == []


def test_the_price_list_costs_three_queries_however_long_it_is(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    for _ in range(5):
        make.priced()

    with django_assert_num_queries(3):  # type: ignore[operator]  # pytest-django's fixture
        pricing.catalogue(timezone.now())


@pytest.mark.django_db(transaction=True)
def test_prices_that_change_together_become_one_version_after_another() -> None:
    model: LanguageModel = make.ModelFactory.create()

    rates = together(8, lambda _: pricing.set_rate(model, CHEAP))

    assert [type(rate) for rate in rates] == [Rate] * 8
    assert sorted(model.rates.values_list("version", flat=True)) == list(range(1, 9))
