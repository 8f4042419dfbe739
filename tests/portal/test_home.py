"""The front page and the price list."""

import re
from typing import Any

import pytest
from django.test import Client

from ledger.models import Account, LanguageModel
from ledger.money import unit_rates
from ledger.services import spending_keys
from portal import offers
from tests.factories.ledger import give, priced
from tests.portal.conftest import DOLLAR
from tests.portal.reading import words


@pytest.mark.django_db
def test_a_stranger_is_led_to_sign_up() -> None:
    page = Client().get("/")

    assert page.status_code == 200
    assert b'class="button primary large" href="/register"' in page.content


def test_a_newcomer_is_led_to_redeem_a_code(member: Client) -> None:
    page = member.get("/").content.decode()

    assert 'class="button primary large" href="/wallet"' in page


def test_who_has_credit_is_led_to_create_a_key(member: Client, account: Account) -> None:
    give(account, DOLLAR)

    page = member.get("/").content.decode()

    assert 'class="button primary large" href="/tokens"' in page


def test_who_has_both_is_led_to_the_dashboard(member: Client, account: Account) -> None:
    give(account, DOLLAR)
    spending_keys.create(account.customer, name="laptop")

    page = member.get("/").content.decode()

    assert 'class="button primary large" href="/dashboard"' in page


@pytest.mark.django_db
def test_a_shop_without_models_says_so() -> None:
    page = words(Client().get("/models").content.decode())

    assert "No models yet" in page


def test_everybody_reads_what_a_model_costs(chat: LanguageModel) -> None:
    page = Client().get("/models").content.decode()

    row = page[page.index("<tbody>") : page.index("</tbody>")]
    assert re.findall(r'title="([^"]+)"', row) == [
        "$0.45", "$0.009", "$0.45", "$0.45", "131,072", "8,000",
    ]  # fmt: skip


def test_a_model_is_found_by_its_old_name(chat: LanguageModel) -> None:
    assert b"deepseek-v3" in Client().get("/models").content


def test_a_free_model_is_marked(free_model: LanguageModel) -> None:
    assert "Free" in words(Client().get("/models").content.decode())


def test_the_worked_call_adds_up(chat: LanguageModel) -> None:
    call = offers.today().worked_call

    assert call is not None
    assert sum(line.cost for line in call.lines) == call.cost == 837_000


def test_only_a_model_that_costs_something_is_worked_out(free_model: LanguageModel) -> None:
    assert offers.today().worked_call is None


def test_samples_name_a_model_that_answers_everybody(chat: LanguageModel, free_model: LanguageModel) -> None:
    page = Client().get("/").content.decode()

    assert '"model": "glm-4-flash"' in page


@pytest.mark.parametrize(
    "embedding",
    [
        pytest.param({"output_limit_tokens": 1}, id="answers with one token"),
        pytest.param({"rates": unit_rates(input=20_000_000, output=0)}, id="answers for nothing"),
        pytest.param({"output_limit_tokens": 1, "is_free": True}, id="free"),
    ],
)
def test_samples_name_a_model_that_chats_before_one_that_embeds(
    chat: LanguageModel, embedding: dict[str, Any]
) -> None:
    priced(name="an-embedding", **embedding)

    assert offers.today().sample_model == chat.name


@pytest.mark.django_db
def test_samples_of_a_shop_of_embeddings_name_one() -> None:
    priced(name="an-embedding", output_limit_tokens=1)

    assert offers.today().sample_model == "an-embedding"


@pytest.mark.django_db
def test_samples_of_an_empty_shop_have_a_placeholder() -> None:
    assert offers.today().sample_model == "model-name"
