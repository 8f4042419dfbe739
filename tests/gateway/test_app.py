"""What clients see, against the real server, the real books and a real upstream."""

import re
import uuid

import openai
import orjson
import pytest
import requests
from openai.types.chat import ChatCompletionMessageParam
from pytest_django import Settings

from accounts.services import api_keys
from gateway.models import Channel
from ledger.models import KeyAllowance, UsageRecord
from ledger.services import accounts
from tests import checker
from tests.factories import gateway as make
from tests.factories.gateway import FREE_MODEL, PAID_MODEL, PRICES, Buyer
from tests.gateway import scripted_upstream
from tests.gateway.running import RunningGateway
from tests.gateway.scripted_upstream import ScriptedUpstream
from tests.sandbox.running import UPSTREAM_KEY, RunningSandbox

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello there"}]


def test_a_plain_answer_is_passed_on_and_charged(
    sdk: openai.OpenAI, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    before = buyer.balance

    answer = sdk.chat.completions.create(model=PAID_MODEL, messages=HELLO)

    call = sandbox.last_call()
    assert answer.choices[0].message.content == "Hello there"
    assert answer.usage is not None
    assert answer.usage.to_dict() == call["reported_usage"]
    assert before - buyer.balance == checker.owed_nano_usd([call], PRICES) > 0
    line = UsageRecord.objects.get(request_id=call["request_id"])
    assert (line.outcome, line.upstream_id, line.is_estimated) == ("complete", call["id"], False)


def test_a_stream_is_passed_on_and_charged_without_showing_its_usage(
    sdk: openai.OpenAI, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    before = buyer.balance

    chunks = list(sdk.chat.completions.create(model=PAID_MODEL, messages=HELLO, stream=True))

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello there"
    assert all(chunk.usage is None for chunk in chunks)
    assert before - buyer.balance == checker.owed_nano_usd([sandbox.last_call()], PRICES) > 0


def test_a_stream_shows_its_usage_to_whoever_asks(sdk: openai.OpenAI, sandbox: RunningSandbox) -> None:
    *_, last = sdk.chat.completions.create(
        model=PAID_MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )

    assert last.usage is not None
    assert last.usage.to_dict() == sandbox.last_call()["reported_usage"]


def test_every_choice_is_charged(sdk: openai.OpenAI, sandbox: RunningSandbox, buyer: Buyer) -> None:
    before = buyer.balance

    answer = sdk.chat.completions.create(model=PAID_MODEL, messages=HELLO, n=2)

    assert [choice.message.content for choice in answer.choices] == ["Hello there"] * 2
    assert sandbox.last_call()["reported_usage"]["completion_tokens"] == 4
    assert before - buyer.balance == checker.owed_nano_usd([sandbox.last_call()], PRICES)


def test_a_prompt_that_the_model_remembers_costs_its_own_rate(
    sdk: openai.OpenAI, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    again: list[ChatCompletionMessageParam] = [{"role": "user", "content": f"Again {uuid.uuid4()}"}]
    sdk.chat.completions.create(model=PAID_MODEL, messages=again)
    before = buyer.balance

    sdk.chat.completions.create(model=PAID_MODEL, messages=again)

    call = sandbox.last_call()
    line = UsageRecord.objects.get(request_id=call["request_id"])
    assert line.cached_input_tokens == call["reported_usage"]["prompt_tokens_details"]["cached_tokens"] > 0
    assert before - buyer.balance == checker.owed_nano_usd([call], PRICES)


HARD_TEXT = f'naïve 你好 😀 \\ " \u2028 {"x" * 1_000_000}'
WITH_USAGE = {"stream": True, "stream_options": {"include_usage": True}}


@pytest.mark.parametrize("options", [{}, WITH_USAGE], ids=["plain", "stream"])
def test_what_the_upstream_sends_arrives_byte_for_byte(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer, options: dict[str, object]
) -> None:
    ours = gateway.chat(buyer.key, HARD_TEXT, n=2, **options)
    theirs = sandbox.chat(HARD_TEXT, n=2, max_tokens=8000, **options)

    assert without_names(ours.content) == without_names(theirs.content)
    assert ours.headers["content-type"] == theirs.headers["content-type"]


def test_a_stream_loses_nothing_but_the_usage_that_nobody_asked_for(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    ours = gateway.chat(buyer.key, HARD_TEXT, stream=True)
    theirs = sandbox.chat(HARD_TEXT, max_tokens=8000, **WITH_USAGE)

    *frames, _usage, end = without_names(theirs.content)
    assert without_names(ours.content) == [*frames, end]


def without_names(body: bytes) -> list[bytes]:
    """Return the frames of an answer without its id, its second, and what was cached."""
    head = orjson.loads(body.removeprefix(b"data: ").partition(b"\n\n")[0])
    body = body.replace(head["id"].encode(), b"").replace(b'"created":%d' % head["created"], b"")
    frames = re.sub(rb'"cached_tokens":\d+', b"", body).split(b"\n\n")
    return [frame for frame in frames if frame]


def test_an_answer_is_in_the_journal_before_its_end_arrives(gateway: RunningGateway, buyer: Buyer) -> None:
    with gateway.chat(buyer.key, stream=True) as answer:
        line = next(line for line in answer.iter_lines() if line == b"data: [DONE]")
        booked = UsageRecord.objects.filter(request_id=answer.headers["x-request-id"]).exists()

    assert line
    assert booked


def test_a_free_model_costs_nothing_and_needs_no_credit(
    gateway: RunningGateway, sandbox: RunningSandbox
) -> None:
    newcomer = make.buyer(credit=0)

    answer = gateway.chat(newcomer.key, model=FREE_MODEL)

    assert answer.status_code == 200
    line = UsageRecord.objects.get(request_id=answer.headers["x-request-id"])
    assert (line.is_free, line.cost_nano_usd) == (True, 0)
    assert line.output_tokens == sandbox.last_call()["usage"]["completion_tokens"]


def test_an_old_name_of_a_model_still_answers(gateway: RunningGateway, buyer: Buyer) -> None:
    make.alias("old-chat", of=PAID_MODEL)
    gateway.run(gateway.engine.catalogue.refresh())

    assert gateway.chat(buyer.key, model="old-chat").json()["model"] == PAID_MODEL


@pytest.mark.parametrize(("credit", "names"), [(0, [FREE_MODEL]), (1, [PAID_MODEL, FREE_MODEL])])
def test_credit_opens_every_model(gateway: RunningGateway, credit: int, names: list[str]) -> None:
    with openai.OpenAI(base_url=gateway.base_url, api_key=make.buyer(credit).key, max_retries=0) as client:
        assert [model.id for model in client.models.list()] == names


def test_one_model_is_shown_whatever_its_name(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    make.channel(sandbox.url, make.model("openai/gpt-oss-120b"))
    gateway.run(gateway.engine.catalogue.refresh())

    shown = gateway.request("GET", "/models/openai/gpt-oss-120b", buyer.key).json()

    assert shown.pop("created") > 1_700_000_000
    assert shown == {"id": "openai/gpt-oss-120b", "object": "model", "owned_by": "sandbox"}


def test_a_model_that_no_channel_serves_is_not_there(gateway: RunningGateway, buyer: Buyer) -> None:
    Channel.objects.update(is_enabled=False)
    gateway.run(gateway.engine.catalogue.refresh())

    assert gateway.chat(buyer.key).status_code == 404
    assert gateway.request("GET", "/models", buyer.key).json()["data"] == []


def test_a_wrong_secret_and_an_unknown_key_get_the_same_answer(gateway: RunningGateway, buyer: Buyer) -> None:
    unknown = make.key_text("A" * 12, "B" * 32)
    wrong = make.key_text(buyer.api_key.key_id, "B" * 32)

    answers = [gateway.chat(key) for key in (unknown, wrong)]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("path", ["/chat/completions", "/models", "/models/deepseek-chat"])
@pytest.mark.parametrize("key", ["", "sk-mistyped"])
def test_without_a_whole_key_nothing_is_said(gateway: RunningGateway, path: str, key: str) -> None:
    method = "POST" if path == "/chat/completions" else "GET"

    answer = gateway.request(method, path, key)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert answer.headers["x-should-retry"] == "false"


def test_a_disabled_key_is_told_so(gateway: RunningGateway, buyer: Buyer) -> None:
    api_keys.disable(buyer.api_key)

    answers = [gateway.chat(buyer.key), gateway.request("GET", "/models", buyer.key)]

    assert [answer.json()["error"]["code"] for answer in answers] == ["api_key_disabled"] * 2


def test_a_frozen_account_may_not_call(gateway: RunningGateway, buyer: Buyer) -> None:
    accounts.freeze(buyer.account)

    answer = gateway.chat(buyer.key)

    assert (answer.status_code, answer.headers["x-should-retry"]) == (403, "false")


def test_without_credit_a_paid_model_answers_402(gateway: RunningGateway, settings: Settings) -> None:
    newcomer = openai.OpenAI(base_url=gateway.base_url, api_key=make.buyer(credit=0).key)

    with newcomer, pytest.raises(openai.APIStatusError) as refusal:
        newcomer.chat.completions.create(model=PAID_MODEL, messages=HELLO)

    assert refusal.value.status_code == 402
    assert refusal.value.code == "insufficient_quota"
    assert f"{settings.PUBLIC_URL}/wallet" in refusal.value.message
    assert KeyAllowance.objects.get().requests == 0


def test_more_calls_than_may_be_open_answer_429(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    sandbox.behave(mode="stall", seconds=3, after_chunks=1)
    open_answers = [gateway.chat(buyer.key, stream=True, max_tokens=8) for _ in range(16)]

    answer = gateway.chat(buyer.key)

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many_open_calls")
    assert answer.headers["retry-after"] == "2"
    assert all(b"[DONE]" in open_answer.content for open_answer in open_answers)


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "", "Invalid URL (GET /v1)"),
        ("GET", "/nothing/here", "Invalid URL (GET /v1/nothing/here)"),
        ("GET", "/chat/completions", "Invalid URL (GET /v1/chat/completions)"),
        ("POST", "/models", "Invalid URL (POST /v1/models)"),
        ("DELETE", "/models/x", "Invalid URL (DELETE /v1/models/x)"),
    ],
)
def test_whatever_else_is_called_is_an_invalid_url(
    gateway: RunningGateway, method: str, path: str, message: str
) -> None:
    answer = gateway.request(method, path)

    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == message
    assert uuid.UUID(answer.headers["x-request-id"]).version == 4


@pytest.fixture
def small_bodies(settings: Settings) -> None:
    settings.GATEWAY_BODY_LIMIT_BYTES = 2500


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"data": b"{"}, 400, "invalid_json"),
        ({"data": b'{"model":"x","messages":[]}'}, 400, "invalid_value"),
        ({"data": b'{"model":"gpt-9","messages":[{"role":"user","content":"x"}]}'}, 404, "model_not_found"),
        ({"data": b"x" * 3000}, 413, "body_too_large"),
        ({"data": iter([b"x" * 2000, b"x" * 2000])}, 413, "body_too_large"),
        ({"data": b"x", "headers": {"Content-Encoding": "gzip"}}, 415, "unsupported_encoding"),
    ],
    ids=["broken", "empty", "unknown model", "long", "long, by parts", "compressed"],
)
def test_a_request_that_cannot_be_served_says_why(
    gateway: RunningGateway,
    buyer: Buyer,
    settings: Settings,
    options: dict[str, object],
    status: int,
    code: str,
) -> None:
    settings.GATEWAY_BODY_LIMIT_BYTES = 2500

    answer = gateway.request("POST", "/chat/completions", buyer.key, **options)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_what_the_upstream_objects_to_is_passed_on_without_its_key(
    gateway: RunningGateway, buyer: Buyer, caplog: pytest.LogCaptureFixture
) -> None:
    answer = gateway.chat(buyer.key, messages=[{"role": UPSTREAM_KEY, "content": "x"}])

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "'***' is not a role."
    assert answer.json()["error"]["param"] == "messages[0].role"
    assert "is not a role" not in caplog.text


def test_connections_are_kept(gateway: RunningGateway, buyer: Buyer) -> None:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {buyer.key}"
        first, second = (session.get(f"{gateway.base_url}/models") for _ in range(2))

    assert first.status_code == second.status_code == 200
    assert "close" not in first.headers.get("connection", "")


def test_the_log_has_one_line_a_call_and_nothing_of_what_was_said(
    shop: None, buyer: Buyer, caplog: pytest.LogCaptureFixture
) -> None:
    with RunningGateway() as gateway:
        answer = gateway.chat(buyer.key, "a secret question")
        gateway.request("GET", f"/models/{buyer.key}", buyer.key)
        gateway.request("GET", f"/{buyer.key}", buyer.key)

    lines = [record.getMessage() for record in caplog.records if record.name == "gateway.access"]
    assert len(lines) == 3
    assert f"request={answer.headers['x-request-id']} route=chat status=200" in lines[0]
    assert f"key={buyer.api_key.key_id} model={PAID_MODEL}" in lines[0]
    assert not any(word in caplog.text for word in ("secret question", buyer.key, UPSTREAM_KEY))


def test_the_upstream_gets_its_own_key_and_never_the_caller_s(gateway: RunningGateway, buyer: Buyer) -> None:
    with ScriptedUpstream(scripted_upstream.whole(b"{}", status=b"500 Oh")) as upstream:
        make.channel(upstream.url, make.model("recorded"))
        gateway.run(gateway.engine.catalogue.refresh())
        body = orjson.dumps({"model": "recorded", "messages": HELLO})
        headers = {"x-api-key": buyer.key, "cookie": "session=1"}
        gateway.request("POST", "/chat/completions", buyer.key, data=body, headers=headers)

    [heard] = upstream.heard
    assert buyer.key.encode() not in heard
    assert b"session=1" not in heard
    assert f"Bearer {UPSTREAM_KEY}".encode() in heard


@pytest.mark.parametrize(
    ("output_limit_field", "sent_field"),
    [("", "max_completion_tokens"), ("max_tokens", "max_tokens")],
)
def test_the_upstream_may_say_no_more_than_the_caller_can_pay(
    gateway: RunningGateway, output_limit_field: str, sent_field: str
) -> None:
    credit = 500 * 450  # nano-USD: five hundred tokens of any kind
    caller = make.buyer(credit)
    with ScriptedUpstream(scripted_upstream.whole(b"{}", status=b"500 Oh")) as upstream:
        make.channel(upstream.url, make.model("recorded"))
        Channel.objects.update(output_limit_field=output_limit_field)
        gateway.run(gateway.engine.catalogue.refresh())
        gateway.chat(caller.key, model="recorded", max_completion_tokens=5000)

    sent = orjson.loads(upstream.heard[0].partition(b"\r\n\r\n")[2])
    limits = {field: sent[field] for field in ("max_tokens", "max_completion_tokens") if field in sent}
    passed_on = orjson.dumps({"messages": sent["messages"]})
    assert limits == {sent_field: 500 - (len(passed_on) + 32 + 8)}
