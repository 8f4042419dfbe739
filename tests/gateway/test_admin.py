import pytest
from django.test import Client
from django.urls import reverse

from gateway.models import Channel
from gateway.services import channels
from tests.factories import gateway as make
from tests.factories.accounts import SuperuserFactory

KEY = "upstream-secret-4711"
URL = "https://upstream.example/v1"
CHANGELIST = "admin:gateway_channel_changelist"


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(SuperuserFactory.create())
    return client


def filled(**fields: object) -> dict[str, object]:
    """Return the form as a browser sends it."""
    form = {
        "name": "one", "base_url": URL, "protocol": "openai", "key": "", "is_enabled": "on", "priority": 10,
        "cool_down_seconds": 30,
    }  # fmt: skip
    rows = {"channel_models-TOTAL_FORMS": 0, "channel_models-INITIAL_FORMS": 0}
    return {**form, **rows, **fields}


def test_a_channel_is_opened_with_its_models(admin: Client) -> None:
    model = make.model("m")
    row = {
        "channel_models-TOTAL_FORMS": 1,
        "channel_models-0-model": model.pk,
        "channel_models-0-upstream_name": "theirs",
    }

    answer = admin.post(reverse("admin:gateway_channel_add"), filled(key=KEY, **row))

    assert answer.status_code == 302
    [route] = channels.routes()[model.pk]
    assert (route.key, route.base_url, route.model) == (KEY, URL, "theirs")


def test_a_channel_needs_a_key(admin: Client) -> None:
    answer = admin.post(reverse("admin:gateway_channel_add"), filled())

    assert answer.context["adminform"].form.errors.keys() == {"key"}
    assert not Channel.objects.exists()


def test_no_page_shows_the_key(admin: Client) -> None:
    channel = channels.add(name="one", base_url=URL, key=KEY)

    pages = [
        admin.get(reverse(CHANGELIST)).content.decode(),
        admin.get(reverse("admin:gateway_channel_change", args=[channel.pk])).content.decode(),
    ]

    assert all("…4711" in page for page in pages)
    assert not any(KEY in page for page in pages)


def test_an_empty_field_keeps_the_key(admin: Client) -> None:
    model = make.model("m")
    channel = channels.add(name="one", base_url=URL, key=KEY, models=[model])

    admin.post(reverse("admin:gateway_channel_change", args=[channel.pk]), filled(name="renamed", priority=3))

    [route] = channels.routes()[model.pk]
    assert (route.channel, route.key) == ("renamed", KEY)


def test_a_new_address_needs_the_key_anew(admin: Client) -> None:
    channel = channels.add(name="one", base_url=URL, key=KEY)
    change = reverse("admin:gateway_channel_change", args=[channel.pk])

    refused = admin.post(change, filled(base_url="https://thief.example"))
    accepted = admin.post(change, filled(base_url="https://new.example", key="new-key"))

    assert refused.context["adminform"].form.errors.keys() == {"key"}
    assert accepted.status_code == 302
    assert Channel.objects.get().key_last_four == "-key"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://upstream",
        "javascript:alert(1)",
        "nowhere",
        "https://",
        "https://a b",
        "https://u:p@host",
        "https://h?q",
    ],
)
def test_an_address_must_be_one(admin: Client, url: str) -> None:
    answer = admin.post(reverse("admin:gateway_channel_add"), filled(base_url=url, key=KEY))

    assert "base_url" in answer.context["adminform"].form.errors


def test_an_upstream_may_be_known_to_the_shop_s_network_alone(admin: Client) -> None:
    answer = admin.post(reverse("admin:gateway_channel_add"), filled(base_url="http://vllm:8000/v1", key=KEY))

    assert answer.status_code == 302
