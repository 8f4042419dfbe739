import openai
import pytest

from tests import checker
from tests.factories.gateway import EMBEDDING_MODEL, MESSAGE_MODEL, PRICES, Buyer
from tests.gateway.evidence import line_of, tokens, wait_until_nothing_is_held
from tests.gateway.running import RunningGateway
from tests.sandbox.running import RunningSandbox

pytestmark = pytest.mark.usefixtures("surfaces")


def test_texts_become_vectors_and_are_charged(
    sdk: openai.OpenAI, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    before = buyer.balance

    answer = sdk.embeddings.create(model=EMBEDDING_MODEL, input=["one text", "another"], dimensions=8)

    assert [len(item.embedding) for item in answer.data] == [8, 8]
    assert before - buyer.balance == checker.owed_nano_usd([sandbox.last_call()], PRICES) > 0


def test_an_answer_arrives_byte_for_byte(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    ours, theirs = gateway.embed(buyer.key, "naïve 你好"), sandbox.embed("naïve 你好")

    assert ours.content == theirs.content


def test_many_long_texts_are_held_for_in_full(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    answer = gateway.embed(buyer.key, ["word " * 20_000] * 6)

    line = line_of(answer.headers["x-request-id"])
    assert line.input_tokens > 64_000  # the context of one text
    assert line.uncharged_nano_usd == 0
    assert line.cost_nano_usd == checker.owed_nano_usd([sandbox.last_call()], PRICES)


def test_missing_usage_is_estimated(gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer) -> None:
    sandbox.behave(mode="omit_usage")

    line = line_of(gateway.embed(buyer.key, "five words of one text").headers["x-request-id"])

    assert (line.is_estimated, line.input_tokens) == (True, tokens("five words of one text") + 4)
    assert line.output_tokens == 0


def test_a_failure_costs_nothing(gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer) -> None:
    sandbox.behave(mode="fail", status=500)
    before = buyer.balance

    answer = gateway.embed(buyer.key, "text")

    wait_until_nothing_is_held()
    assert (answer.status_code, before) == (502, buyer.balance)


def test_a_model_whose_upstream_embeds_nothing_says_so(gateway: RunningGateway, buyer: Buyer) -> None:
    answer = gateway.embed(buyer.key, "text", model=MESSAGE_MODEL)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_served")
