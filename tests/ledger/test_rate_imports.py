"""Importing rates: planned with a markup, set as new versions, and nothing else is touched."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone
from genai_prices.types import ModelPrice

from ledger.models import LanguageModel
from ledger.money import UnitRates
from ledger.services import pricing, rate_imports
from ledger.services.rate_imports import Fault, Plan
from tests.factories import ledger as make
from tests.factories.price_lists import listing, price

pytestmark = pytest.mark.django_db

NOON = datetime(2027, 3, 14, 12, 0, tzinfo=UTC)
LISTED = price(input_mtok="0.3", cache_read_mtok="0.03", cache_write_mtok="0.375", output_mtok="1.2")
MARKED_UP = UnitRates(360_000_000, 36_000_000, 450_000_000, 1_440_000_000)


@pytest.fixture(autouse=True)
def price_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the list know one model."""
    listing(monkeypatch, chat=LISTED)


def planned(markup: str = "20", *names: str) -> Plan:
    return rate_imports.plan(markup_percent=Decimal(markup), at=timezone.now(), model_names=names)


def test_a_plan_compares_the_rates_in_force_with_the_list_and_its_markup() -> None:
    model = make.priced(rates_source="maker/chat")
    new = make.ModelFactory.create(rates_source="maker/chat")

    plan = planned()

    assert [(each.model, each.old, each.new, each.is_change) for each in plan.proposals] == [
        (model, make.RATES, MARKED_UP, True),
        (new, None, MARKED_UP, True),
    ]
    assert (plan.faults, plan.by_hand) == ([], [])


def test_a_plan_changes_nothing() -> None:
    model = make.priced(rates_source="maker/chat")

    planned()

    assert model.rates.get().units == make.RATES


def test_what_is_applied_is_a_new_version_and_the_past_stays() -> None:
    model = make.priced(rates_source="maker/chat")

    [rate] = rate_imports.apply(planned().proposals)

    assert (rate.version, rate.units) == (2, MARKED_UP)
    assert [each.units for each in model.rates.order_by("version")] == [make.RATES, MARKED_UP]


def test_a_model_that_costs_this_already_gets_no_version() -> None:
    model = make.priced(MARKED_UP, rates_source="maker/chat")
    plan = planned()

    assert not plan.proposals[0].is_change
    assert rate_imports.apply(plan.proposals) == []
    assert model.rates.count() == 1


def test_a_price_is_rounded_up_to_what_the_books_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    listing(monkeypatch, chat=price(input_mtok="0.0000000011", output_mtok="0.1"))
    make.ModelFactory.create(rates_source="maker/chat")

    [proposal] = planned("33.3").proposals

    assert proposal.new == UnitRates(2, 1, 2, 133_300_000)


def test_what_the_list_does_not_price_costs_the_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    listing(monkeypatch, chat=price(input_mtok="0.5", output_mtok="1"))
    make.ModelFactory.create(rates_source="maker/chat")

    [proposal] = planned("0").proposals

    assert proposal.new == UnitRates(500_000_000, 10_000_000, 500_000_000, 10**9)
    assert proposal.remarks == ["no price of cached input: the usual one is taken"]


def test_models_without_a_source_are_priced_by_hand() -> None:
    model = make.priced()

    assert planned() == Plan([], [], by_hand=[model.name])


def test_only_the_named_models_are_planned() -> None:
    wanted = make.priced(rates_source="maker/chat")
    make.priced(rates_source="maker/chat")

    plan = planned("20", wanted.name, "nobody")

    assert [each.model for each in plan.proposals] == [wanted]
    assert plan.faults == [Fault("nobody", "no model has this name")]


@pytest.mark.parametrize(
    ("source", "listed", "advice"),
    [
        ("maker/chatt", LISTED, "the list has no 'maker/chatt', but maker/chat: correct its source"),
        (
            "x/y",
            LISTED,
            "the list has no 'x/y': correct its source, or empty it to set rates by hand",
        ),
        (
            "maker/chat",
            price(output_mtok="1"),
            "'maker/chat' has no price of input tokens: empty its source and set rates by hand",
        ),
        (
            "maker/chat",
            price(input_mtok="1", cache_read_mtok="2", output_mtok="1"),
            "'maker/chat' has prices that the books do not keep: empty its source and set rates by hand",
        ),
        (
            "maker/chat",
            price(input_mtok="1", output_mtok="1000001"),
            "'maker/chat' has prices that the books do not keep: empty its source and set rates by hand",
        ),
    ],
)
def test_what_cannot_be_imported_is_named_and_stops_nobody_else(
    monkeypatch: pytest.MonkeyPatch, source: str, listed: ModelPrice, advice: str
) -> None:
    listing(monkeypatch, chat=listed, good=LISTED)
    bad: LanguageModel = make.priced(rates_source=source)
    good = make.priced(rates_source="maker/good")

    plan = planned()

    assert plan.faults == [Fault(bad.name, advice)]
    assert [each.model for each in plan.proposals] == [good]


def test_what_was_applied_stands_in_the_price_list_of_the_shop() -> None:
    make.priced(rates_source="maker/chat")
    rate_imports.apply(planned().proposals)

    [offered] = pricing.catalogue(timezone.now())

    assert (offered.rates, offered.rate_version) == (MARKED_UP, 2)
