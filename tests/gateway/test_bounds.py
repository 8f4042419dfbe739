import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services import bounds, chat_requests, embedding_requests, message_requests, tokenizer
from gateway.services.model_requests import ModelRequest
from ledger.services.pricing import ModelLimits

LIMITS = ModelLimits(
    context_tokens=100_000, output_tokens=1000, input_overhead_tokens=32, media_part_tokens=None
)
SEES = ModelLimits(
    context_tokens=100_000, output_tokens=1000, input_overhead_tokens=32, media_part_tokens=1600
)
PIXEL = "data:image/png;base64,aGVsbG8="
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def chat_of(*messages: object) -> ModelRequest:
    return chat_requests.read(orjson.dumps({"model": "m", "messages": list(messages)}))


@given(st.lists(TEXTS, min_size=1))
def test_no_text_is_more_tokens_than_its_bound(texts: list[str]) -> None:
    chat = chat_of(*({"role": "user", "content": text} for text in texts))

    assert bounds.input_bound(chat, LIMITS) >= sum(map(tokenizer.count, texts)) + 32 + 8 * len(texts)


def test_the_bound_is_the_length_the_model_s_overhead_and_eight_a_message() -> None:
    chat = chat_of({"role": "user", "content": "hi"}, {"role": "user", "content": "你"})

    rest = '{"messages":[{"role":"user","content":"hi"},{"role":"user","content":"你"}]}'.encode()
    assert bounds.input_bound(chat, LIMITS) == len(rest) + 32 + 16


def test_the_bound_is_never_more_than_the_context() -> None:
    assert bounds.input_bound(chat_of({"role": "user", "content": "x" * 200_000}), LIMITS) == 100_000


@pytest.mark.parametrize(
    "part", [{"type": "image_url"}, {"type": "input_audio"}, {"type": "file"}, {"type": "new"}]
)
def test_what_is_not_text_may_fill_the_context(part: dict[str, str]) -> None:
    assert bounds.input_bound(chat_of({"role": "user", "content": [part]}), LIMITS) == 100_000


def test_an_image_is_at_most_what_the_model_makes_of_it() -> None:
    words = chat_of({"role": "user", "content": [{"type": "image_url", "image_url": {"url": ""}}]})
    image = chat_of({"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]})

    assert bounds.input_bound(image, SEES) == len(words.rest) + 32 + 8 + 1600
    assert bounds.input_bound(image, LIMITS) == 100_000


def test_an_image_that_lies_elsewhere_may_fill_the_context() -> None:
    image = chat_of({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]})

    assert bounds.input_bound(image, SEES) == 100_000


def test_every_text_of_an_embedding_has_a_context_of_its_own() -> None:
    many = embedding_requests.read(orjson.dumps({"model": "m", "input": ["x" * 60_000] * 3}))

    assert bounds.input_bound(many, LIMITS) > 180_000


def test_a_message_is_estimated_with_all_that_the_model_reads() -> None:
    body = {
        "model": "m",
        "max_tokens": 5,
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": "Hello"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "done"}]},
        ],
        "tools": [{"name": "f", "input_schema": {}}],
    }

    request = message_requests.read(orjson.dumps(body), {})

    text = 'Be brief.\nHello\n{"a":1}\ndone\n[{"name":"f","input_schema":{}}]'
    assert bounds.estimated_input(request) == tokenizer.count(text) + 3 * 4


def test_an_estimate_counts_text_frames_and_media() -> None:
    chat = chat_of(
        {"role": "system", "content": "hello world"},
        {"role": "user", "content": [{"type": "image_url"}, {"type": "text", "text": "hello"}]},
    )

    assert bounds.estimated_input(chat) == tokenizer.count("hello world\nhello") + 2 * 4 + 1000
