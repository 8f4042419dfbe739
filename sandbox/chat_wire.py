"""How a completion looks on the wire: one JSON object, or a stream of chunks."""

import time
from collections.abc import Iterator
from typing import Any

import orjson

from sandbox.completion import Completion
from sandbox.openai_errors import ApiError

_DONE = b"data: [DONE]\n\n"


def plain_answer(completion: Completion, *, call_id: str, model: str, usage: Any) -> bytes:
    """Return the answer as one JSON object; a `usage` of None is left out."""
    message = {"role": "assistant", "content": "".join(completion.content), "refusal": None}
    if completion.reasoning:
        message["reasoning_content"] = "".join(completion.reasoning)
    answer = _head("chat.completion", call_id=call_id, model=model)
    answer["choices"] = [
        {"index": index, "message": message, "logprobs": None, "finish_reason": completion.finish_reason}
        for index in range(completion.choices)
    ]
    if usage is not None:
        answer["usage"] = usage
    return orjson.dumps(answer)


def chunk_head(*, call_id: str, model: str, include_usage: bool) -> dict[str, Any]:
    """Return what all chunks of one stream share; with `include_usage` they say that usage comes later."""
    head = _head("chat.completion.chunk", call_id=call_id, model=model)
    return head | {"usage": None} if include_usage else head


def chunks(completion: Completion, head: dict[str, Any]) -> Iterator[bytes]:
    """Yield the role of each choice, its tokens one by one, and its finish reason."""
    indexes = range(completion.choices)
    for index in indexes:
        yield _chunk(head, index, {"role": "assistant", "content": ""})
    for token in completion.reasoning:
        for index in indexes:
            yield _chunk(head, index, {"reasoning_content": token})
    for token in completion.content:
        for index in indexes:
            yield _chunk(head, index, {"content": token})
    for index in indexes:
        yield _chunk(head, index, {}, finish_reason=completion.finish_reason)


def stream_end(head: dict[str, Any], *, usage: Any) -> bytes:
    """Return what follows the finish: the usage, unless it is None, and the end mark."""
    return _DONE if usage is None else _event(head | {"choices": [], "usage": usage}) + _DONE


def error_frame(error: ApiError) -> bytes:
    """Return ``error`` as an event within a stream."""
    return _event(error.body)


def _head(kind: str, *, call_id: str, model: str) -> dict[str, Any]:
    return {"id": call_id, "object": kind, "created": int(time.time()), "model": model}


def _chunk(
    head: dict[str, Any], index: int, delta: dict[str, str], finish_reason: str | None = None
) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _event(head | {"choices": [choice]})


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(content) + b"\n\n"
