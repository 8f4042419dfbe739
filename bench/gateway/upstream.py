"""The model server that every side calls: it answers at once, with as many tokens as it is asked for.

    python bench/gateway/upstream.py <port> <milliseconds between two tokens of a stream>

Run as a script, because the package would set Django up. Of a request it reads only what it must: where it
ends, whether to stream, whether to report usage there, and how long the answer shall be.
"""

import asyncio
import re
import sys
from functools import cache
from typing import cast

import uvloop

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
TOKENS = re.compile(rb'"max_tokens": ?(\d+)')
STREAM = re.compile(rb'"stream": ?true')
INCLUDE_USAGE = re.compile(rb'"include_usage": ?true')

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: "
JSON_HEAD = HEAD + b"application/json\r\nContent-Length: %d\r\n\r\n"
STREAM_HEAD = HEAD + b"text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"

COMMON = b'"id":"chatcmpl-bench","object":"chat.completion%s","created":1790000000,"model":"bench"'
PROMPT_TOKENS, CACHED_TOKENS = 150, 100
USAGE = (
    b'{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,'
    b'"prompt_tokens_details":{"cached_tokens":%d}}'
)
ANSWER = (
    b"{" + COMMON % b"" + b',"choices":[{"index":0,"message":{"role":"assistant","content":"%s"},'
    b'"logprobs":null,"finish_reason":"stop"}],"usage":%s}'
)
EVENT = b"data: {" + COMMON % b".chunk" + b',"choices":%s}\n\n'
FIRST = EVENT % b'[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]'
TOKEN = EVENT % b'[{"index":0,"delta":{"content":" token"},"finish_reason":null}]'
LAST = EVENT % b'[{"index":0,"delta":{},"finish_reason":"stop"}]'
DONE = b"data: [DONE]\n\n"


class Connection(asyncio.Protocol):
    """One connection, whose requests are answered one after the other."""

    def __init__(self, pace_seconds: float) -> None:
        self._pace_seconds = pace_seconds
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where the answers go."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer when a request is whole."""
        self._pending += data
        head_end = self._pending.find(b"\r\n\r\n") + 4
        length = LENGTH.search(self._pending, 0, head_end)
        if head_end < 4 or len(self._pending) < head_end + (int(length[1]) if length else 0):
            return
        request, self._pending = self._pending, b""
        asked = TOKENS.search(request)
        tokens = int(asked[1]) if asked else 16
        if STREAM.search(request):
            used = used_chunk(tokens) if INCLUDE_USAGE.search(request) else b""
            self._transport.write(STREAM_HEAD + chunk(FIRST) + chunk(TOKEN))
            self._go_on(tokens - 1, chunk(LAST) + used + chunk(DONE) + LAST_CHUNK)
        else:
            self._transport.write(answer(tokens))

    def _go_on(self, tokens: int, end: bytes) -> None:
        """Send each token that is left as a packet of its own, then the end."""
        if tokens:
            asyncio.get_running_loop().call_later(self._pace_seconds, self._send_token, tokens, end)
        else:
            self._transport.write(end)

    def _send_token(self, tokens: int, end: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(chunk(TOKEN))
            self._go_on(tokens - 1, end)


@cache
def answer(tokens: int) -> bytes:
    """Return a whole answer of so many tokens."""
    body = ANSWER % (b" token" * tokens, usage(tokens))
    return JSON_HEAD % len(body) + body


@cache
def used_chunk(tokens: int) -> bytes:
    """Return the event of a stream that reports so many tokens of output."""
    return chunk(EVENT % (b'[],"usage":' + usage(tokens)))


def usage(tokens: int) -> bytes:
    """Return what so many tokens of output are reported as."""
    return USAGE % (PROMPT_TOKENS, tokens, PROMPT_TOKENS + tokens, CACHED_TOKENS)


@cache
def chunk(data: bytes) -> bytes:
    """Return ``data`` as HTTP's chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


async def serve(port: int, pace_seconds: float) -> None:
    """Serve until the process is stopped."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(pace_seconds), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), float(sys.argv[2]) / 1000))
