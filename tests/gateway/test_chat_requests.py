import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BodyUnreadable, CallRefused, FieldInvalid, FieldNotOffered
from gateway.services import chat_requests
from gateway.services.model_requests import Media, ModelRequest

MESSAGES = [{"role": "user", "content": "hello"}]
FIELDS = (
    "messages", "stream", "stream_options", "n", "max_tokens", "tools", "service_tier", "modalities", "store",
)  # fmt: skip
NAMES = st.sampled_from(["type", "text", "include_usage"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 200) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
    max_leaves=5,
)


def body(**fields: object) -> bytes:
    return orjson.dumps({"model": "m", "messages": MESSAGES, **fields})


def sent(chat: ModelRequest, *, output_limit_field: str = "") -> dict[str, object]:
    upstream_body = chat.for_upstream(
        model="theirs", output_limit_tokens=7, output_limit_field=output_limit_field
    )
    fields = orjson.loads(upstream_body)
    assert isinstance(fields, dict)
    return fields


def test_fields_that_the_gateway_does_not_know_pass_unchanged() -> None:
    unknown = {"temperature": 0.1, "seed": 3, "x_new": {"deep": [1, None, "é"]}, "reasoning_effort": "low"}

    fields = sent(chat_requests.read(body(**unknown)))

    assert fields == {"model": "theirs", "messages": MESSAGES, "max_tokens": 7, **unknown}


@pytest.mark.parametrize(
    ("asked", "wanted", "limits"),
    [
        ({}, None, {"max_tokens": 7}),
        ({"max_tokens": 50}, 50, {"max_tokens": 7}),
        ({"max_completion_tokens": 50}, 50, {"max_completion_tokens": 7}),
        ({"max_tokens": 60, "max_completion_tokens": 50}, 50, {"max_tokens": 7, "max_completion_tokens": 7}),
        ({"max_tokens": None}, None, {"max_tokens": 7}),
    ],
)
def test_the_output_limit_goes_where_the_caller_put_theirs(
    asked: dict[str, object], wanted: int | None, limits: dict[str, int]
) -> None:
    chat = chat_requests.read(body(**asked))

    assert chat.asked_output_tokens == wanted
    assert sent(chat) == {"model": "theirs", "messages": MESSAGES, **limits}


def test_an_upstream_that_knows_one_output_limit_is_sent_that_one() -> None:
    chat = chat_requests.read(body(max_tokens=50))

    assert sent(chat, output_limit_field="max_completion_tokens") == {
        "model": "theirs", "messages": MESSAGES, "max_completion_tokens": 7,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "shows_usage", "sent_options"),
    [
        ({}, False, {"include_usage": True}),
        ({"stream_options": None}, False, {"include_usage": True}),
        ({"stream_options": {"include_usage": False}}, False, {"include_usage": True}),
        ({"stream_options": {"include_usage": True}}, True, {"include_usage": True}),
        ({"stream_options": {"x": 1}}, False, {"x": 1, "include_usage": True}),
    ],
)
def test_a_stream_is_always_asked_for_its_usage(
    options: dict[str, object], shows_usage: object, sent_options: dict[str, object]
) -> None:
    chat = chat_requests.read(body(stream=True, **options))

    assert chat.is_stream
    assert chat.shows_usage is shows_usage
    assert sent(chat)["stream_options"] == sent_options


def test_a_field_named_twice_counts_once_for_everybody() -> None:
    chat = chat_requests.read(
        b'{"model":"cheap","messages":[{"role":"user","content":"x"}],"n":1,"model":"dear","n":2}'
    )

    assert (chat.model, chat.choices) == ("dear", 2)
    assert chat.for_upstream(model="x", output_limit_tokens=1, output_limit_field="").count(b'"n":') == 1


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'"x"', b"null", b'{"a": NaN}', b'{"a": "\xff"}', b'{"a":"\\ud800"}']
)
def test_a_body_that_is_no_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(BodyUnreadable):
        chat_requests.read(text)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 3}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [*MESSAGES, "hello"]}, "messages[1]"),
        ({"n": 0}, "n"),
        ({"n": 129}, "n"),
        ({"n": True}, "n"),
        ({"n": 1.5}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_completion_tokens": "many"}, "max_completion_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"stream": True, "stream_options": [1]}, "stream_options"),
        ({"stream": True, "stream_options": {"include_usage": 1}}, "include_usage"),
        ({"tools": {"type": "function"}}, "tools"),
    ],
)
def test_a_field_that_cannot_be_understood_is_named(fields: dict[str, object], param: str) -> None:
    with pytest.raises(FieldInvalid) as refusal:
        chat_requests.read(body(**fields))

    assert refusal.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"tools": [{"type": "function"}, {"type": "code_interpreter"}]}, "tools[1]"),
        ({"tools": ["web_search"]}, "tools[0]"),
        ({"web_search_options": {"search_context_size": "high"}}, "web_search_options"),
        ({"plugins": [{"id": "web"}]}, "plugins"),
        ({"store": True}, "store"),
        ({"service_tier": "priority"}, "service_tier"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"models": ["dearer"]}, "models"),
        ({"api_base": "https://elsewhere"}, "api_base"),
        ({"base_url": "https://elsewhere"}, "base_url"),
        ({"extra_headers": {"authorization": "x"}}, "extra_headers"),
    ],
)
def test_what_has_no_price_or_would_choose_the_upstream_is_refused(
    fields: dict[str, object], param: str
) -> None:
    with pytest.raises(FieldNotOffered) as refusal:
        chat_requests.read(body(**fields))

    assert refusal.value.param == param


@pytest.mark.parametrize(
    "fields",
    [
        {"store": False},
        {"service_tier": "auto"},
        {"modalities": ["text"]},
        {"tools": []},
        {"tools": None},
        {"tools": [{"type": "function", "function": {"name": "f"}}, {"type": "custom"}]},
        {"web_search_options": None},
    ],
)
def test_the_harmless_forms_of_those_fields_pass(fields: dict[str, object]) -> None:
    assert sent(chat_requests.read(body(**fields))).items() >= fields.items()


PIXEL = "data:image/png;base64,aGVsbG8="


@pytest.mark.parametrize(
    ("message", "media"),
    [
        ({"content": "text"}, Media()),
        ({"content": None, "tool_calls": [{"id": "1"}]}, Media()),
        ({"content": [{"type": "text", "text": "a"}, "b"]}, Media()),
        ({"content": [{"type": "refusal", "refusal": "a"}]}, Media()),
        ({"content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}, Media(references=1)),
        (
            {"content": [{"type": "image_url", "image_url": {"url": PIXEL}}, {"type": "text", "text": "a"}]},
            Media(parts=1, size_bytes=len(PIXEL)),
        ),
        (
            {"content": [{"type": "input_audio", "input_audio": {"data": "aGk="}}, {"type": "input_audio"}]},
            Media(parts=1, size_bytes=4, references=1),
        ),
        ({"content": [{"type": "file", "file": {"file_data": PIXEL}}]}, Media(1, len(PIXEL))),
        ({"content": [{"type": "file", "file": {"file_id": "f"}}]}, Media(references=1)),
        ({"content": [{"text": "no type"}]}, Media(references=1)),
        ({"content": {"type": "image_url"}}, Media(references=1)),
        ({"content": "text", "audio": {"id": "earlier"}}, Media(references=1)),
        ({"content": "text", "images": ["aGk="]}, Media(references=1)),
    ],
)
def test_parts_whose_size_their_text_does_not_show_are_counted(
    message: dict[str, object], media: Media
) -> None:
    chat = chat_requests.read(body(messages=[{"role": "user", **message}]))

    assert chat.media == media


def test_the_text_of_a_prompt_is_its_messages_and_tools() -> None:
    chat = chat_requests.read(
        body(
            messages=[
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "Look:"}, {"type": "image_url"}]},
                {"role": "assistant", "content": None, "tool_calls": [{"id": "call"}]},
            ],
            tools=[{"type": "function", "function": {"name": "f"}}],
        )
    )

    assert list(chat_requests.texts(orjson.loads(chat.rest))) == [
        "Be brief.", "Look:", '[{"id":"call"}]', '[{"type":"function","function":{"name":"f"}}]',
    ]  # fmt: skip


@given(
    st.dictionaries(st.sampled_from([*FIELDS, "other"]), ANYTHING),
    st.lists(st.dictionaries(st.sampled_from(["role", "content", "tool_calls", "audio", "other"]), ANYTHING)),
)
def test_no_body_is_answered_by_a_crash(fields: dict[str, object], messages: list[object]) -> None:
    """Whatever is sent is either understood, passed on and counted, or refused by name."""
    try:
        chat = chat_requests.read(orjson.dumps({"model": "m", "messages": messages, **fields}))
    except CallRefused:
        return

    assert all(isinstance(text, str) for text in chat_requests.texts(orjson.loads(chat.rest)))
    assert sent(chat)["model"] == "theirs"


def test_a_body_nested_beyond_all_sense_is_refused() -> None:
    with pytest.raises(BodyUnreadable):
        chat_requests.read(body()[:-1] + b',"x":' + b"[" * 500 + b"]" * 500 + b"}")
