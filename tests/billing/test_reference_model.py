"""The model that packages count in, and the one that samples name."""

import pytest
from django.conf import settings

from billing.services import reference_model
from ledger.money import UnitRates
from tests.factories.ledger import priced

pytestmark = pytest.mark.django_db


def test_a_shop_without_the_reference_model_explains_nothing() -> None:
    assert reference_model.find() is None
    assert reference_model.for_samples() == "model-name"


@pytest.mark.parametrize(("cached", "divisor"), [(9_000_000, 50), (0, None), (7_000_000, None)])
def test_the_cache_is_explained_as_a_fraction_when_it_is_a_simple_one(
    cached: int, divisor: int | None
) -> None:
    priced(UnitRates(450_000_000, cached, 450_000_000, 450_000_000), name=settings.REFERENCE_MODEL)

    yardstick = reference_model.find()

    assert yardstick is not None
    assert yardstick.cache_divisor == divisor


def test_samples_name_the_reference_model_before_all_others() -> None:
    priced(UnitRates(0, 0, 0, 0), name="a-free-one", is_free=True)
    priced(UnitRates(1_000, 0, 1_000, 1_000), name="b-paid-one")
    assert reference_model.for_samples() == "b-paid-one"

    priced(UnitRates(450_000_000, 0, 450_000_000, 450_000_000), name=settings.REFERENCE_MODEL)
    assert reference_model.for_samples() == settings.REFERENCE_MODEL
