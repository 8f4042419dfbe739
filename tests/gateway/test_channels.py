import pytest
from django.db import IntegrityError

from gateway.models import Channel
from gateway.services import channels
from ledger.models import LanguageModel
from tests.factories import gateway as make

KEY = "upstream-secret-4711"
URL = "https://upstream.example/v1"


@pytest.fixture
def model(db: None) -> LanguageModel:
    return make.model("m")


def test_a_channel_s_key_is_kept_sealed_and_opens_for_calls(model: LanguageModel) -> None:
    channel = channels.add(name="one", base_url=URL, key=KEY, models=[model])

    [route] = channels.routes()[model.pk]
    assert (route.channel, route.base_url, route.key, route.model) == ("one", URL, KEY, "m")
    assert KEY.encode() not in bytes(channel.sealed_key)
    assert channel.key_last_four == "4711"
    assert KEY not in repr(route)


def test_an_upstream_may_know_a_model_by_another_name(model: LanguageModel) -> None:
    channel = channels.add(name="one", base_url=URL, key=KEY)

    channels.serve(channel, model, upstream_name="vendor/m-2026")

    assert channels.routes()[model.pk][0].model == "vendor/m-2026"


def test_channels_are_asked_by_priority(model: LanguageModel) -> None:
    for name, priority in [("third", 30), ("first", 1), ("second", 30 - 1)]:
        channels.add(name=name, base_url=URL, key=KEY, models=[model], priority=priority)

    assert [route.channel for route in channels.routes()[model.pk]] == ["first", "second", "third"]


def test_a_disabled_channel_serves_nothing(model: LanguageModel) -> None:
    channels.add(name="one", base_url=URL, key=KEY, models=[model])
    Channel.objects.update(is_enabled=False)

    assert model.pk not in channels.routes()


def test_a_key_does_not_open_for_another_address(
    model: LanguageModel, caplog: pytest.LogCaptureFixture
) -> None:
    channels.add(name="moved", base_url=URL, key=KEY, models=[model])
    channels.add(name="other", base_url=URL, key=KEY, models=[model], priority=20)

    Channel.objects.filter(name="moved").update(base_url="https://thief.example/v1")

    assert [route.channel for route in channels.routes()[model.pk]] == ["other"]
    assert "channel=moved" in caplog.text


@pytest.mark.parametrize("url", ["ftp://upstream.example", "upstream.example/v1", "file:///etc/passwd"])
def test_the_database_refuses_what_is_no_http_address(db: None, url: str) -> None:
    with pytest.raises(IntegrityError, match="channel_speaks_http"):
        channels.add(name="one", base_url=url, key=KEY)
