import asyncio

import pytest
from pytest_django import Settings

from gateway.errors import ModelUnknown, NotReady
from gateway.services.catalogue import Catalogue
from ledger.models import LanguageModel
from tests.factories import gateway as make

URL = "https://upstream.example"
pytestmark = pytest.mark.django_db(transaction=True)


def read() -> Catalogue:
    catalogue = Catalogue()
    asyncio.run(catalogue.refresh())
    return catalogue


def test_a_model_answers_to_its_name_and_its_aliases() -> None:
    make.channel(URL, make.model("new"))
    make.alias("old", of="new")

    catalogue = read()

    assert catalogue.find("old") is catalogue.find("new")
    assert [model.offer.name for model in catalogue.listed()] == ["new"]


def test_a_model_s_own_name_wins_over_an_alias() -> None:
    make.channel(URL, make.model("one"), make.model("two"))
    make.alias("two", of="one")

    assert read().find("two").offer.name == "two"


@pytest.mark.parametrize("name", ["unserved", "withdrawn", "nothing"])
def test_what_nobody_serves_or_offers_is_unknown(name: str) -> None:
    make.model("unserved")
    make.channel(URL, make.model("withdrawn"))
    LanguageModel.objects.filter(name="withdrawn").update(is_offered=False)

    with pytest.raises(ModelUnknown):
        read().find(name)


def test_before_the_first_reading_nothing_is_known() -> None:
    with pytest.raises(NotReady):
        Catalogue().find("m")
    with pytest.raises(NotReady):
        Catalogue().listed()


def test_nobody_waits_for_ever_for_the_first_reading() -> None:
    asyncio.run(Catalogue().wait_until_read(seconds=0.01))


def test_one_reading_that_goes_wrong_is_not_the_last(settings: Settings) -> None:
    make.channel(URL, make.model("m"))

    keys = settings.SEALING_KEYS

    async def read_with_a_mistake_first() -> Catalogue:
        catalogue, settings.SEALING_KEYS = Catalogue(), None
        reading = asyncio.create_task(catalogue.keep_fresh())
        await asyncio.sleep(0.5)
        settings.SEALING_KEYS = keys
        await catalogue.wait_until_read(seconds=10)
        reading.cancel()
        return catalogue

    assert asyncio.run(read_with_a_mistake_first()).find("m").offer.name == "m"
