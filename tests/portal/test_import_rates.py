"""`manage.py import_rates`: shown first, set with --apply, and what cannot be imported fails aloud."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import ledger as make
from tests.factories.price_lists import listing, price

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def price_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the list know one model."""
    listing(monkeypatch, chat=price(input_mtok="0.001", cache_read_mtok="0.00001", output_mtok="0.003"))


def told(*arguments: str) -> list[list[str]]:
    out = StringIO()
    call_command("import_rates", *arguments, stdout=out)
    return [line.split() for line in out.getvalue().splitlines() if line]


def test_a_preview_shows_every_difference_and_sets_nothing() -> None:
    model = make.priced(name="chat", rates_source="maker/chat")
    make.priced(name="other")

    lines = told("--markup", "20")

    assert ["chat", "input", "0.001", "0.0012", "+20.0", "%"] in lines
    assert ["cached", "input", "0.00002", "0.000012", "-40.0", "%"] in lines
    assert ["cache", "write", "0.001", "0.0012", "+20.0", "%"] in lines
    assert ["output", "0.002", "0.0036", "+80.0", "%"] in lines
    assert ["other:", "has", "no", "source", "of", "rates,", "and", "is", "priced", "by", "hand"] in lines
    assert lines[-1] == ["1", "models", "would", "change.", "Nothing", "is", "set", "without", "--apply."]
    assert model.rates.count() == 1


def test_what_was_shown_is_set_on_request() -> None:
    model = make.priced(name="chat", rates_source="maker/chat")

    lines = told("--markup", "20", "--apply")

    assert lines[-1] == ["1", "models", "cost", "this", "from", "now", "on."]
    assert model.rates.get(version=2).units == (1_200_000, 12_000, 1_200_000, 3_600_000)


def test_the_first_rates_of_a_model_are_new() -> None:
    make.ModelFactory.create(name="chat", rates_source="maker/chat")

    assert ["chat", "input", "-", "0.001", "new"] in told()


def test_what_stays_is_unchanged_and_what_was_free_has_no_percentage() -> None:
    make.priced(make.RATES._replace(cached_input=0, output=3_000_000), name="b", rates_source="maker/chat")
    make.priced(
        make.RATES._replace(cached_input=10_000, output=3_000_000), name="a", rates_source="maker/chat"
    )

    lines = told()

    assert ["a", "unchanged"] in lines
    assert ["b", "input", "0.001", "0.001", "="] in lines
    assert ["cached", "input", "0", "0.00001", "new"] in lines


def test_remarks_stand_below_their_model(monkeypatch: pytest.MonkeyPatch) -> None:
    listing(monkeypatch, chat=price(input_mtok="1", output_mtok="1"))
    make.ModelFactory.create(name="chat", rates_source="maker/chat")

    assert ["no", "price", "of", "cached", "input:", "the", "usual", "one", "is", "taken"] in told()


def test_a_bad_source_fails_aloud_and_stops_nobody_else() -> None:
    good = make.priced(name="good", rates_source="maker/chat")
    make.priced(name="bad", rates_source="maker/chatt")

    with pytest.raises(CommandError, match="1 models were left as they are"):
        told("--apply")

    assert good.rates.count() == 2


def test_only_the_named_model_is_looked_at() -> None:
    make.priced(name="good", rates_source="maker/chat")
    make.priced(name="bad", rates_source="maker/chatt")

    assert "bad" not in [line[0] for line in told("--model", "good")]


@pytest.mark.parametrize("markup", ["much", "NaN", "-101", "1e9"])
def test_a_markup_is_a_number_that_makes_sense(markup: str) -> None:
    with pytest.raises(CommandError, match="--markup"):
        told("--markup", markup)
