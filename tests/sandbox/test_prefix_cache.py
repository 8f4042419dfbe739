"""What was read before is cheap: always on the chat surface, on the other for those who mark it."""

from typing import Any

import pytest

from tests.sandbox.running import RunningSandbox, named_events

MARK = {"cache_control": {"type": "ephemeral"}}


def text(said: str, **mark: Any) -> dict[str, Any]:
    return {"type": "text", "text": said, **mark}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def counts(usage: dict[str, Any]) -> tuple[int, int, int]:
    """Return fresh, written and read tokens."""
    return (
        usage["input_tokens"],
        usage["cache_creation_input_tokens"],
        usage["cache_read_input_tokens"],
    )


def test_the_longest_opening_read_before_counts_as_cached(sandbox: RunningSandbox) -> None:
    opening = [{"role": "system", "content": "be kind to the prefix cache"}, {"role": "user", "content": "a"}]
    first = sandbox.chat(messages=opening).json()

    second = sandbox.chat(messages=[*opening, {"role": "assistant", "content": "b"}, opening[1]]).json()

    assert first["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
    assert second["usage"]["prompt_tokens_details"]["cached_tokens"] == first["usage"]["prompt_tokens"]


@pytest.mark.parametrize(
    "other",
    [
        {"model": "glm-4-flash"},
        {"tools": [{"type": "function", "function": {"name": "look"}}]},
        {"messages": [{"role": "system", "content": "cached elsewhere"}]},
    ],
)
def test_another_opening_is_not_cached(sandbox: RunningSandbox, other: dict[str, Any]) -> None:
    sandbox.chat("cached elsewhere")

    answer = sandbox.chat(**{"text": "cached elsewhere", **other}).json()

    assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


def test_messages_up_to_the_mark_are_written_and_read_the_next_time(sandbox: RunningSandbox) -> None:
    said = user(text("marked one two", **MARK), text("fresh"))

    first = sandbox.message(messages=[said]).json()
    second = sandbox.message(messages=[said]).json()

    assert counts(first["usage"]) == (1, 4 + 3, 0)
    assert counts(second["usage"]) == (1, 0, 4 + 3)


def test_a_mark_that_moves_on_reads_what_it_wrote_and_writes_the_rest(sandbox: RunningSandbox) -> None:
    sandbox.message(messages=[user(text("moving one two", **MARK))])
    longer = [
        user(text("moving one two")),
        {"role": "assistant", "content": "moving one two"},
        user(text("and on", **MARK)),
    ]

    answer = sandbox.message(messages=longer).json()

    assert counts(answer["usage"]) == (0, (4 + 3) + (4 + 2), 4 + 3)


def test_without_a_mark_nothing_is_written_or_read(sandbox: RunningSandbox) -> None:
    sandbox.message(messages=[user(text("unmarked one two", **MARK))])

    answer = sandbox.message("unmarked one two").json()

    assert counts(answer["usage"]) == (4 + 3, 0, 0)


@pytest.mark.parametrize(
    ("fields", "fresh", "written"),
    [
        ({"tools": [{"name": "look_by_tool", **MARK}]}, 4 + 1, 1),
        ({"system": [text("marked by system", **MARK)]}, 4 + 1, 3),
        ({"system": "marked on top", **MARK}, 0, 3 + 4 + 1),
    ],
    ids=["tools", "system", "top"],
)
def test_tools_system_prompt_and_the_whole_can_be_marked(
    sandbox: RunningSandbox, fields: dict[str, Any], fresh: int, written: int
) -> None:
    answer = sandbox.message("last", **fields).json()

    assert counts(answer["usage"]) == (fresh, written, 0)


def test_what_is_to_be_kept_for_an_hour_is_counted_apart(sandbox: RunningSandbox) -> None:
    mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}

    usage = sandbox.message(messages=[user(text("for an hour", **mark))]).json()["usage"]

    assert usage["cache_creation_input_tokens"] == 4 + 3
    assert usage["cache_creation"] == {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 4 + 3}


def test_a_stream_tells_cached_tokens_at_both_ends(sandbox: RunningSandbox) -> None:
    sandbox.message(messages=[user(text("streamed at both ends", **MARK))])

    told = dict(
        named_events(sandbox.message(messages=[user(text("streamed at both ends", **MARK))], stream=True))
    )

    assert counts(told["message_start"]["message"]["usage"]) == (0, 0, 4 + 4)
    assert counts(told["message_delta"]["usage"]) == (0, 0, 4 + 4)
