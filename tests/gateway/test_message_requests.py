import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BodyUnreadable, CallRefused, FieldInvalid, FieldNotOffered
from gateway.services import message_requests
from gateway.services.model_requests import Media
from tests.gateway.test_chat_requests import ANYTHING

MESSAGES = [{"role": "user", "content": "hello"}]
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}}


def body(**fields: object) -> bytes:
    return orjson.dumps({"model": "m", "max_tokens": 50, "messages": MESSAGES, **fields})


def test_fields_that_the_gateway_does_not_know_pass_unchanged() -> None:
    unknown = {"temperature": 0.1, "thinking": {"type": "adaptive"}, "x_new": [1, None, "é"], "top_k": 3}

    request = message_requests.read(body(**unknown), {"anthropic-beta": "new"})

    sent = orjson.loads(request.for_upstream(model="theirs", output_limit_tokens=7))
    assert sent == {"model": "theirs", "max_tokens": 7, "messages": MESSAGES, **unknown}
    assert request.headers == {"anthropic-beta": "new"}
    assert (request.asked_output_tokens, request.messages, request.is_stream) == (50, 1, False)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stream": 1}, "stream"),
        ({"tools": "x"}, "tools"),
    ],
)
def test_a_field_that_cannot_be_understood_is_named(fields: dict[str, object], param: str) -> None:
    with pytest.raises(FieldInvalid) as refusal:
        message_requests.read(body(**fields), {})

    assert refusal.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0]"),
        ({"tools": [{"name": "f", "input_schema": {}}, {"type": "code_execution_20250825"}]}, "tools[1]"),
        ({"tools": ["f"]}, "tools[0]"),
        ({"mcp_servers": [{"url": "https://x"}]}, "mcp_servers"),
        ({"container": "c"}, "container"),
        ({"inference_geo": "us"}, "inference_geo"),
        ({"speed": "fast"}, "speed"),
        ({"api_base": "https://elsewhere"}, "api_base"),
    ],
)
def test_what_has_no_price_or_would_choose_the_upstream_is_refused(
    fields: dict[str, object], param: str
) -> None:
    with pytest.raises(FieldNotOffered) as refusal:
        message_requests.read(body(**fields), {})

    assert refusal.value.param == param


@pytest.mark.parametrize(
    "tool",
    [
        {"name": "f", "input_schema": {}},
        {"type": "custom", "name": "f"},
        {"type": "bash_20250124", "name": "bash"},
        {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
    ],
)
def test_tools_that_the_caller_runs_pass(tool: dict[str, object]) -> None:
    request = message_requests.read(body(tools=[tool]), {})

    assert orjson.loads(request.rest)["tools"] == [tool]


@pytest.mark.parametrize(
    ("content", "media"),
    [
        ("text", Media()),
        ([{"type": "text", "text": "a"}, {"type": "thinking", "thinking": "b"}], Media()),
        ([{"type": "tool_use", "id": "t", "name": "f", "input": {}}], Media()),
        ([IMAGE], Media(1, 8)),
        ([{"type": "tool_result", "tool_use_id": "t", "content": [IMAGE, IMAGE]}], Media(2, 16)),
        ([{"type": "tool_result", "tool_use_id": "t"}], Media()),
        ([{"type": "image", "source": {"type": "url", "url": "https://x"}}], Media(references=1)),
        ([{"type": "image", "source": {"type": "file", "file_id": "f"}}], Media(references=1)),
        ([{"type": "document", "source": {"type": "text", "data": "abc"}}], Media(1, 3)),
        ([{"type": "new"}, 7], Media(references=2)),
    ],
)
def test_parts_whose_size_their_text_does_not_show_are_counted(content: object, media: Media) -> None:
    request = message_requests.read(body(messages=[{"role": "user", "content": content}]), {})

    assert request.media == media


def test_to_count_a_request_no_limit_is_needed() -> None:
    request = message_requests.read_to_count(orjson.dumps({"model": "m", "messages": MESSAGES}), {})

    sent = orjson.loads(request.for_upstream(model="theirs", output_limit_tokens=0))
    assert sent == {"model": "theirs", "messages": MESSAGES}


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"null"])
def test_a_body_that_is_no_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(BodyUnreadable):
        message_requests.read(text, {})


@given(
    st.dictionaries(
        st.sampled_from(["system", "tools", "stream", "max_tokens", "speed", "metadata", "other"]), ANYTHING
    ),
    st.lists(st.dictionaries(st.sampled_from(["role", "content", "type", "source"]), ANYTHING), min_size=1),
)
def test_no_body_is_answered_by_a_crash(fields: dict[str, object], messages: list[object]) -> None:
    try:
        request = message_requests.read(body(**{**fields, "messages": messages}), {})
    except CallRefused:
        return

    assert all(isinstance(text, str) for text in message_requests.texts(orjson.loads(request.rest)))
