"""Answers of odd sizes and odd characters arrive as they were asked for."""

from typing import Any

import orjson
import pytest

from tests.sandbox.running import RunningSandbox, chunks, named_events

ODD = "a😀b e\u0301 👩‍👩‍👧 \u200f\u2028 𠀀"


def said_in(told: list[dict[str, Any]]) -> list[str]:
    deltas = (chunk["choices"][0]["delta"] for chunk in told)
    return [delta["content"] for delta in deltas if delta.get("content")]


@pytest.mark.parametrize("size", [1, 2**20, 9 * 2**20])
def test_one_delta_has_the_bytes_asked_for(sandbox: RunningSandbox, size: int) -> None:
    told = said_in(chunks(sandbox.chat(f"[[delta_bytes:{size}]] [[tokens:2]]", stream=True)))

    assert [len(delta) for delta in told] == [size, 4, 5]
    assert sandbox.last_call()["usage"]["completion_tokens"] == 3


def test_one_delta_of_a_message_has_the_bytes_asked_for(sandbox: RunningSandbox) -> None:
    told = named_events(sandbox.message(f"[[delta_bytes:{2**20}]]", stream=True))

    assert [len(data["delta"]["text"]) for name, data in told if name == "content_block_delta"] == [2**20]


@pytest.mark.parametrize("how", ["", "[[escape]]", "[[split]]"])
def test_odd_characters_are_echoed_whole_in_a_plain_answer(sandbox: RunningSandbox, how: str) -> None:
    answer = sandbox.chat(ODD + how)

    assert answer.json()["choices"][0]["message"]["content"] == ODD + how
    assert answer.content.isascii() == bool(how)


@pytest.mark.parametrize("how", ["", "[[escape]]"])
def test_odd_characters_are_echoed_whole_in_a_stream(sandbox: RunningSandbox, how: str) -> None:
    chat = sandbox.chat(ODD + how, stream=True).content
    message = sandbox.message(ODD + how, stream=True).content

    assert chat.isascii() == message.isascii() == bool(how)
    frames = [frame for frame in chat.removesuffix(b"data: [DONE]\n\n").split(b"\n\n") if frame]
    assert "".join(said_in([orjson.loads(frame[6:]) for frame in frames])) == ODD + how


def test_the_halves_of_a_character_can_come_in_two_deltas(sandbox: RunningSandbox) -> None:
    chat = sandbox.chat("😀[[split]]", stream=True).text
    message = sandbox.message("😀[[split]]", stream=True).text

    assert '"content":"\\ud83d"' in chat
    assert '"content":"\\ude00[[split]]"' in chat
    assert '"text":"\\ud83d"' in message


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_stream_can_be_written_in_parts_that_cut_through_everything(
    sandbox: RunningSandbox, size: int
) -> None:
    answer = sandbox.chat(f"😀 世界 [[write_bytes:{size}]]", stream=True)
    parts = list(answer.raw.read_chunked())

    assert max(map(len, parts)) == size
    told = [line for line in b"".join(parts).decode().split("\n\n") if line]
    assert said_in([orjson.loads(line[6:]) for line in told[:-1]])[0] == "😀"


def test_everything_counts_as_it_does_in_a_plain_answer(sandbox: RunningSandbox) -> None:
    plain = sandbox.chat("a😀b [[split]]").json()["usage"]

    chunks(sandbox.chat("[[escape]] a😀b", stream=True))

    assert plain["completion_tokens"] == 3
    assert sandbox.last_call()["usage"]["completion_tokens"] == 2
