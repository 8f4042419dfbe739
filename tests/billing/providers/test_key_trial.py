"""One call with a key, against a model server that answers, refuses, and is not there."""

from collections.abc import Iterator
from typing import Any

import pytest

from billing.providers import key_trial
from billing.providers.errors import ProviderRefused, ProviderUnavailable
from tests.cluster import free_ports
from tests.sandbox.running import UPSTREAM_KEY, RunningSandbox


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with RunningSandbox(tmp_path_factory.mktemp("models")) as running:
        yield running


def ask(
    models: RunningSandbox, key: str = UPSTREAM_KEY, model: str = "deepseek-chat"
) -> key_trial.TrialAnswer:
    return key_trial.ask(f"{models.url}/v1", key, model=model, question="four lovely words here")


def test_a_key_that_works_brings_an_answer_with_its_id(models: RunningSandbox) -> None:
    answer = ask(models)

    assert answer.text == "four lovely words here"
    assert answer.id


def test_a_call_is_short(models: RunningSandbox) -> None:
    answer = key_trial.ask(f"{models.url}/v1", UPSTREAM_KEY, model="deepseek-chat", question="word " * 1_000)

    assert len(answer.text.split()) <= key_trial.LONGEST_ANSWER_TOKENS


def test_a_refusal_keeps_its_words_but_not_the_key(models: RunningSandbox) -> None:
    with pytest.raises(ProviderRefused) as refusal:
        ask(models, key="sk-a-key-that-is-wrong")

    assert refusal.value.status == 401
    assert refusal.value.messages
    assert "sk-a-key-that-is-wrong" not in str(refusal.value)


@pytest.mark.parametrize("fault", [{"mode": "fail", "status": 500}, {"mode": "reset_before_first_byte"}])
def test_an_answer_of_no_use_is_told_apart(models: RunningSandbox, fault: dict[str, Any]) -> None:
    assert models.behave(**fault, times=1).ok

    with pytest.raises(ProviderUnavailable):
        ask(models)


def test_a_server_that_is_not_there_is_told_apart() -> None:
    [port] = free_ports(1)

    with pytest.raises(ProviderUnavailable):
        key_trial.ask(f"http://127.0.0.1:{port}/v1", "sk-x", model="m", question="?")


def test_an_answer_without_words_is_of_no_use_either(
    models: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_trial, "_text", lambda answer: None)

    with pytest.raises(ProviderUnavailable):
        ask(models)


@pytest.mark.parametrize("answer", [{}, {"choices": []}, {"choices": [{"message": {"content": None}}]}])
def test_an_answer_without_words_is_none(answer: dict[str, object]) -> None:
    assert key_trial._text(answer) is None


def test_an_odd_refusal_has_no_words() -> None:
    assert key_trial._explanation({"error": "no"}, "sk-x").messages == ()
    assert key_trial._explanation({"error": {"message": "not sk-x!"}}, "sk-x").messages == ("not ***!",)
