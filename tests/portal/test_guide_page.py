"""The guide: its settings are ready to run, and it explains whatever the gateway may answer."""

import re

import pytest
from django.test import Client
from pytest_django import Settings

from gateway.api import error_table
from ledger.models import LanguageModel
from portal import guides
from tests.portal.reading import words

SITE = "https://shop.example"


@pytest.fixture
def page(settings: Settings, chat: LanguageModel) -> str:
    """Return the guide of a shop that sells one model."""
    settings.PUBLIC_URL, settings.GATEWAY_BASE_URL = SITE, f"{SITE}/v1"
    return Client().get("/guide").content.decode()


def sample(page: str, name: str) -> str:
    found = re.search(f'<code id="{name}">(.*?)</code>', page, re.DOTALL)
    assert found, name
    return found[1]


@pytest.mark.parametrize("name", ["openai-curl", "openai-python", "openai-javascript"])
def test_programs_made_for_openai_get_the_base_url_with_its_version(page: str, name: str) -> None:
    assert f"{SITE}/v1" in sample(page, name)


@pytest.mark.parametrize(
    "name",
    [
        "anthropic-python", "anthropic-javascript", "claude-code-shell", "claude-code-powershell",
        "claude-code-settings",
    ],
)  # fmt: skip
def test_programs_made_for_anthropic_append_the_version_themselves(page: str, name: str) -> None:
    assert f'"{SITE}"' in sample(page, name)
    assert "/v1" not in sample(page, name)


def test_claude_code_is_told_all_it_needs(page: str) -> None:
    names = re.findall(r"export (\w+)=", sample(page, "claude-code-shell"))

    assert names == [
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_MODEL",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL",
    ]


def test_every_setting_names_a_model_that_is_sold(page: str) -> None:
    programs = [name for name in re.findall(r'<code id="([\w-]+)">', page) if name[0] in "oac"]

    assert len(programs) >= 9
    assert [name for name in programs if "deepseek-chat" not in sample(page, name)] == []


def test_every_sample_can_be_reached_and_copied(page: str) -> None:
    samples = re.findall(r'<code id="([\w-]+)">', page)

    assert re.findall(r'data-copy="([\w-]+)"', page)[-len(samples) :] == samples
    assert re.findall(r'<input type="radio" name="[\w-]+" id="([\w-]+)-tab"', page) == samples


def test_every_link_within_the_page_leads_somewhere(page: str) -> None:
    targets = re.findall(r'href="#([\w-]+)"', page)

    assert len(targets) > 5
    assert [target for target in targets if f'id="{target}"' not in page] == []


def test_every_code_that_the_gateway_answers_is_explained_and_no_other() -> None:
    rows = [*error_table._TABLE.values(), error_table._UNEXPECTED]
    answered = {(row.status, row.code) for row in rows if row.code is not None}
    explained = {(refusal.status, code) for refusal in guides.REFUSALS for code in refusal.codes}

    assert answered == explained


def test_refusals_stand_in_order_of_their_status() -> None:
    statuses = [refusal.status for refusal in guides.REFUSALS]

    assert statuses == sorted(statuses)


def test_a_stranger_is_told_where_keys_come_from(page: str) -> None:
    assert "Who bought without an account finds the key on the page of the order." in words(page)
    assert 'class="button primary" href="/register"' in page


def test_a_member_is_led_to_create_a_key(member: Client) -> None:
    page = member.get("/guide").content.decode()

    assert 'class="button primary" href="/tokens"' in page


@pytest.mark.parametrize("path", ["/", "/tokens", "/pricing"])
def test_the_guide_is_found_from_everywhere(member: Client, path: str) -> None:
    assert b'href="/guide"' in member.get(path).content
