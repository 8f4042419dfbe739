"""The clients that people really use, against the whole product: each needs a Base URL and a key, no more."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import anthropic
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from tests.cluster import Cluster
from tests.stories import books, claude_code
from tests.stories.visitor import Visitor

pytestmark = pytest.mark.cluster

# Served by an upstream that speaks OpenAI's protocol, and by one that speaks Anthropic's.
OPENAI_STYLE, ANTHROPIC_STYLE = "gpt-oss-120b", "claude-sonnet-5"
BOTH = pytest.mark.parametrize("model", [OPENAI_STYLE, ANTHROPIC_STYLE])
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "four lovely words here"}]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEATHER: dict[str, object] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
CHAT_TOOLS: list[ChatCompletionToolParam] = [
    {"type": "function", "function": {"name": "weather", "description": "Tells it.", "parameters": WEATHER}}
]
CALL_IT = '[[tool:weather {"city":"Oslo"}]]'


@pytest.fixture(scope="module")
def key(cluster: Cluster) -> str:
    """Return a key of the demo's buyer, who has credit."""
    buyer = Visitor(cluster.site_url)
    buyer.log_in("buyer@example.com", "purser-buyer-demo")
    return buyer.create_key(f"clients {uuid4().hex[:6]}")


@pytest.fixture
def chat(cluster: Cluster, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=cluster.base_url, api_key=key, max_retries=0) as client:
        yield client
    books.assert_books_balance(cluster)


@pytest.fixture
def messages(cluster: Cluster, key: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=cluster.site_url, api_key=key, max_retries=0) as client:
        yield client
    books.assert_books_balance(cluster)


@BOTH
def test_openai_s_library_chats(chat: openai.OpenAI, model: str) -> None:
    answer = chat.chat.completions.create(model=model, messages=HELLO)

    assert answer.choices[0].message.content == "four lovely words here"
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 0


@BOTH
def test_openai_s_library_streams(chat: openai.OpenAI, model: str) -> None:
    with chat.chat.completions.stream(
        model=model, messages=HELLO, stream_options={"include_usage": True}
    ) as stream:
        final = stream.get_final_completion()

    assert final.choices[0].message.content == "four lovely words here"
    assert final.choices[0].finish_reason == "stop"
    assert final.usage is not None


@BOTH
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_openai_s_library_calls_tools_and_hears_their_results(
    chat: openai.OpenAI, model: str, stream: object
) -> None:
    asked: list[ChatCompletionMessageParam] = [{"role": "user", "content": CALL_IT}]
    if stream:
        with chat.chat.completions.stream(model=model, messages=asked, tools=CHAT_TOOLS) as events:
            choice = events.get_final_completion().choices[0]
    else:
        choice = chat.chat.completions.create(model=model, messages=asked, tools=CHAT_TOOLS).choices[0]  # type: ignore[assignment]  # a parsed choice is a choice

    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    [called] = choice.message.tool_calls
    assert called.type == "function"
    assert (called.function.name, called.function.arguments.replace(" ", "")) == (
        "weather",
        '{"city":"Oslo"}',
    )
    answer = chat.chat.completions.create(
        model=model,
        tools=CHAT_TOOLS,
        messages=[
            *asked,
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": called.id,
                        "type": "function",
                        "function": {"name": "weather", "arguments": called.function.arguments},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": called.id, "content": "snow and sun"},
        ],
    )
    assert "snow and sun" in (answer.choices[0].message.content or "")


@BOTH
def test_openai_s_library_shows_pictures(chat: openai.OpenAI, model: str) -> None:
    answer = chat.chat.completions.create(
        model=model,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "what a picture"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                ],
            }
        ],
    )

    assert answer.choices[0].message.content == "what a picture"


def test_openai_s_library_embeds(chat: openai.OpenAI) -> None:
    answer = chat.embeddings.create(model="text-embedding-3-small", input=["one text", "and another"])

    assert [len(item.embedding) for item in answer.data] == [len(answer.data[0].embedding)] * 2
    assert answer.usage.prompt_tokens > 0


def test_openai_s_library_lists_models(chat: openai.OpenAI) -> None:
    names = [model.id for model in chat.models.list()]

    assert {OPENAI_STYLE, ANTHROPIC_STYLE, "text-embedding-3-small"} <= set(names)
    assert chat.models.retrieve("openai/gpt-oss-120b").id == OPENAI_STYLE


def test_openai_s_library_hears_that_a_surface_has_no_price(chat: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as refusal:
        chat.responses.create(model=OPENAI_STYLE, input="hello")

    assert (refusal.value.status_code, refusal.value.code) == (501, "not_offered")


@BOTH
def test_anthropic_s_library_sends_messages(messages: anthropic.Anthropic, model: str) -> None:
    answer = messages.messages.create(
        model=model, max_tokens=100, messages=[{"role": "user", "content": "four lovely words here"}]
    )

    [block] = answer.content
    assert block.type == "text"
    assert block.text == "four lovely words here"
    assert (answer.stop_reason, answer.usage.output_tokens > 0) == ("end_turn", True)


@BOTH
def test_anthropic_s_library_streams(messages: anthropic.Anthropic, model: str) -> None:
    with messages.messages.stream(
        model=model, max_tokens=100, messages=[{"role": "user", "content": "four lovely words here"}]
    ) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()

    assert text == "four lovely words here"
    assert (final.stop_reason, final.usage.output_tokens > 0) == ("end_turn", True)


@BOTH
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_anthropic_s_library_calls_tools_and_hears_their_results(
    messages: anthropic.Anthropic, model: str, stream: object
) -> None:
    tool: anthropic.types.ToolParam = {"name": "weather", "description": "Tells it.", "input_schema": WEATHER}
    asked: anthropic.types.MessageParam = {"role": "user", "content": CALL_IT}
    if stream:
        with messages.messages.stream(model=model, max_tokens=100, tools=[tool], messages=[asked]) as events:
            answer = events.get_final_message()
    else:
        answer = messages.messages.create(model=model, max_tokens=100, tools=[tool], messages=[asked])  # type: ignore[assignment]  # a parsed message is a message

    assert answer.stop_reason == "tool_use"
    [called] = [block for block in answer.content if block.type == "tool_use"]
    assert (called.name, called.input) == ("weather", {"city": "Oslo"})
    result: anthropic.types.ToolResultBlockParam = {
        "type": "tool_result", "tool_use_id": called.id, "content": "snow and sun",
    }  # fmt: skip
    called_again: anthropic.types.ToolUseBlockParam = {
        "type": "tool_use", "id": called.id, "name": "weather", "input": called.input,
    }  # fmt: skip
    final = messages.messages.create(
        model=model,
        max_tokens=100,
        tools=[tool],
        messages=[
            asked,
            {"role": "assistant", "content": [called_again]},
            {"role": "user", "content": [result]},
        ],
    )
    assert "snow and sun" in "".join(block.text for block in final.content if block.type == "text")


@BOTH
def test_anthropic_s_library_counts_tokens(messages: anthropic.Anthropic, model: str) -> None:
    counted = messages.messages.count_tokens(
        model=model, messages=[{"role": "user", "content": "four lovely words here"}]
    )

    assert counted.input_tokens >= 4


def test_anthropic_s_library_lists_models(messages: anthropic.Anthropic) -> None:
    names = [model.id for model in messages.models.list()]

    assert {OPENAI_STYLE, ANTHROPIC_STYLE} <= set(names)
    assert messages.models.retrieve(ANTHROPIC_STYLE).id == ANTHROPIC_STYLE


@pytest.mark.parametrize("base", ["", "/v1", "/anthropic", "/v1/anthropic", "/v1/messages"])
def test_anthropic_s_library_takes_any_base_url(cluster: Cluster, key: str, base: str) -> None:
    with anthropic.Anthropic(base_url=cluster.site_url + base, api_key=key, max_retries=0) as client:
        answer = client.messages.create(
            model=OPENAI_STYLE, max_tokens=50, messages=[{"role": "user", "content": "hello"}]
        )

    assert answer.content[0].type == "text"


@pytest.mark.parametrize("base", ["", "/", "/v1", "/v1/v1", "/v1/chat/completions", "/openai/v1"])
def test_openai_s_library_takes_any_base_url(cluster: Cluster, key: str, base: str) -> None:
    with openai.OpenAI(base_url=cluster.site_url + base, api_key=key, max_retries=0) as client:
        answer = client.chat.completions.create(model=OPENAI_STYLE, messages=HELLO)
        names = [model.id for model in client.models.list()]

    assert answer.choices[0].message.content
    assert OPENAI_STYLE in names


@pytest.mark.skipif(not claude_code.is_available(), reason="NO NPM: the `claude` command line was not tried")
@BOTH
def test_claude_code_needs_two_variables(cluster: Cluster, key: str, model: str, tmp_path: Path) -> None:
    said = claude_code.ask("say hello", base_url=cluster.site_url, key=key, model=model, home=tmp_path)

    assert said.returncode == 0, said.stdout + said.stderr
    assert "say hello" in said.stdout
    books.assert_books_balance(cluster)


@pytest.mark.skipif(not claude_code.is_available(), reason="NO NPM: the `claude` command line was not tried")
def test_claude_code_is_told_at_once_what_is_wrong(cluster: Cluster, key: str, tmp_path: Path) -> None:
    said = claude_code.ask(
        "say hello", base_url=cluster.site_url, key=key[:-1], model=OPENAI_STYLE, home=tmp_path
    )

    assert said.returncode != 0
    assert "not a whole API key" in said.stdout + said.stderr
