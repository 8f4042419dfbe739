"""Models are edited, their prices are not: a new rate is a new version, and nobody's goes unseen."""

from typing import Any

import pytest
from django.test import Client

from ledger.models import LanguageModel, Rate
from ledger.money import UnitRates
from ledger.services import pricing
from tests.factories import ledger as make
from tests.ledger.staff import list_of, page_of, staff_who_may

pytestmark = pytest.mark.django_db

PRICES = ("view_languagemodel", "view_rate", "add_rate")
NEW = UnitRates(input=450_000_000, cached_input=9_000_000, cache_write=450_000_000, output=450_000_000)
TYPED = {"input": "0.45", "cached_input": "0.009", "cache_write": "0.45", "output": "0.45"}


def test_new_rates_are_a_new_version(model: LanguageModel) -> None:
    staff = staff_who_may(*PRICES)

    answer = staff.post(rate_page(model), filled(staff, model))

    assert answer.status_code == 302
    assert versions(model) == [(2, NEW), (1, make.RATES)]
    assert (
        "Set version 2 of the rates."
        in staff.get(page_of(LanguageModel, "history", model.pk)).content.decode()
    )


def test_a_form_that_is_sent_twice_makes_one_version(model: LanguageModel) -> None:
    staff = staff_who_may(*PRICES)
    form = filled(staff, model)

    answers = [staff.post(rate_page(model), form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert versions(model) == [(2, NEW), (1, make.RATES)]


def test_nobody_undoes_rates_that_they_have_not_seen(model: LanguageModel) -> None:
    staff = staff_who_may(*PRICES)
    form = filled(staff, model)
    newer = UnitRates(5, 5, 5, 5)
    pricing.set_rate(model, newer)

    answer = staff.post(rate_page(model), form)

    assert "Somebody has changed the rates" in answer.content.decode()
    assert versions(model) == [(2, newer), (1, make.RATES)]


def test_the_form_begins_with_the_rates_in_force(model: LanguageModel) -> None:
    form = staff_who_may(*PRICES).get(rate_page(model)).context["form"]

    assert form.initial == {
        "seen_version": 1,
        "input": "0.001",
        "cached_input": "0.00002",
        "cache_write": "0.001",
        "output": "0.002",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": "-1"},
        {"input": "1000000.1"},
        {"output": "0.0000000001"},
        {"output": ""},
        {"cached_input": "0.46"},
        {"cache_write": "1000000.1"},
        {"seen_version": ""},
    ],
)
def test_rates_with_a_mistake_are_not_set(model: LanguageModel, wrong: dict[str, str]) -> None:
    staff = staff_who_may(*PRICES)

    answer = staff.post(rate_page(model), {**filled(staff, model), **wrong})

    assert answer.context["form"].errors.keys() == wrong.keys()
    assert len(versions(model)) == 1


def test_a_price_may_be_nothing(model: LanguageModel) -> None:
    staff = staff_who_may(*PRICES)

    staff.post(rate_page(model), {**filled(staff, model), **dict.fromkeys(TYPED, "0")})

    assert versions(model)[0] == (2, UnitRates(0, 0, 0, 0))


def test_prices_that_are_left_empty_are_the_usual_ones(model: LanguageModel) -> None:
    staff = staff_who_may(*PRICES)
    typed = {"input": "0.450000001", "cached_input": "", "cache_write": "", "output": "1"}

    staff.post(rate_page(model), {**filled(staff, model), **typed})

    assert versions(model)[0] == (2, UnitRates(450_000_001, 9_000_001, 450_000_001, 10**9))


def test_writing_to_the_cache_may_cost_more_than_input(model: LanguageModel) -> None:
    staff = staff_who_may(*PRICES)

    staff.post(rate_page(model), {**filled(staff, model), "cache_write": "0.5625"})

    assert versions(model)[0] == (2, NEW._replace(cache_write=562_500_000))


def test_who_may_only_look_sets_no_rates(model: LanguageModel) -> None:
    staff = staff_who_may("view_languagemodel", "change_languagemodel", "view_rate")

    assert staff.post(rate_page(model), {**TYPED, "seen_version": 1}).status_code == 403
    page = staff.get(page_of(LanguageModel, "change", model.pk)).content.decode()
    assert rate_page(model) not in page


def test_old_versions_stay_readable(model: LanguageModel) -> None:
    pricing.set_rate(model, NEW)

    page = staff_who_may(*PRICES).get(page_of(LanguageModel, "change", model.pk)).content.decode()

    assert [price for price in (">$0.45<", ">$0.009<", ">$0.00002<") if price not in page] == []


def test_the_list_shows_the_rates_in_force(model: LanguageModel) -> None:
    pricing.set_rate(model, NEW)
    make.ModelFactory.create(name="no rate yet")

    page = staff_who_may(*PRICES).get(list_of(LanguageModel)).content.decode()

    assert "$0.45 / $0.009 / $0.45 / $0.45" in page
    assert "$0.002" not in page


def test_a_new_model_gets_its_names_and_then_its_rates() -> None:
    staff = staff_who_may(*PRICES, "add_languagemodel", "add_modelalias")

    answer = staff.post(page_of(LanguageModel, "add"), sheet("new-model", alias="old-name"))

    model = LanguageModel.objects.get()
    assert answer.headers["Location"] == rate_page(model)
    staff.post(rate_page(model), filled(staff, model))
    [offered] = pricing.catalogue(Rate.objects.get().effective_from)
    assert (offered.name, offered.aliases, offered.rates) == ("new-model", ["old-name"], NEW)


def test_who_sets_no_rates_is_not_sent_to_them() -> None:
    staff = staff_who_may("view_languagemodel", "add_languagemodel")

    answer = staff.post(page_of(LanguageModel, "add"), sheet("new-model"))

    assert answer.headers["Location"] == list_of(LanguageModel)


def test_a_model_is_edited_and_its_rates_stay(model: LanguageModel) -> None:
    staff = staff_who_may(
        "view_languagemodel", "change_languagemodel", "view_rate", "change_rate", "delete_rate"
    )

    answer = staff.post(page_of(LanguageModel, "change", model.pk), sheet("renamed"))

    model.refresh_from_db()
    assert answer.status_code == 302
    assert model.name == "renamed"
    assert versions(model) == [(1, make.RATES)]


def test_an_alias_is_not_deleted(model: LanguageModel) -> None:
    alias = model.aliases.create(name="old-name")
    staff = staff_who_may("change_languagemodel", "change_modelalias", "delete_modelalias", "view_modelalias")
    row = {"aliases-INITIAL_FORMS": 1, "aliases-0-id": alias.pk, "aliases-0-DELETE": "on"}

    staff.post(page_of(LanguageModel, "change", model.pk), {**sheet(model.name, alias="old-name"), **row})

    assert model.aliases.get() == alias


def rate_page(model: LanguageModel) -> str:
    return page_of(LanguageModel, "rate", model.pk)


def filled(staff: Client, model: LanguageModel) -> dict[str, Any]:
    """Return the form with new prices as the browser sends it."""
    seen = staff.get(rate_page(model)).context["form"].initial["seen_version"]
    return {**TYPED, "seen_version": seen}


def sheet(name: str, *, alias: str = "") -> dict[str, Any]:
    """Return the page of a model as the browser sends it."""
    limits = {"context_limit_tokens": 1000, "output_limit_tokens": 100, "input_overhead_tokens": 32}
    rows = {"aliases-TOTAL_FORMS": 1, "aliases-INITIAL_FORMS": 0, "aliases-0-name": alias}
    return {
        "name": name,
        "is_offered": "on",
        **limits,
        **rows,
        "rates-TOTAL_FORMS": 0,
        "rates-INITIAL_FORMS": 0,
    }


def versions(model: LanguageModel) -> list[tuple[int, UnitRates]]:
    return [(rate.version, rate.units) for rate in model.rates.order_by("-version")]
