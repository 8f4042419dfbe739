"""The gateway in this process, under its real server, on an event loop of a thread of its own."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import orjson
import requests
from granian.constants import Interfaces
from granian.server.embed import Server

from gateway.app import Gateway
from gateway.services.engine import Engine
from tests.cluster import free_ports, is_free

PATIENCE_SECONDS = 20
T = TypeVar("T")


class RunningGateway:
    """A gateway on a free port, stopped at the end of the ``with`` block."""

    def __init__(self) -> None:
        [self.port] = free_ports(1)
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self.application = Gateway()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while is_free(self.port):
            assert self._thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()

    @property
    def engine(self) -> Engine:
        engine = self.application._engine
        assert engine is not None
        return engine

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` in the gateway's event loop and return what comes of it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_SECONDS)

    def chat(self, key: str, text: str = "Hello there", **fields: object) -> requests.Response:
        """Post a chat call with ``text`` as its only message. Of a stream only the headers have been read."""
        body = {"model": "deepseek-chat", "messages": [{"role": "user", "content": text}], **fields}
        return self.request(
            "POST", "/chat/completions", key, data=orjson.dumps(body), stream=bool(fields.get("stream"))
        )

    def message(self, key: str, text: str = "Hello there", **fields: object) -> requests.Response:
        """Post a message call, otherwise like ``chat``."""
        body = {
            "model": "claude-sonnet-5",
            "max_tokens": 1000,
            "messages": [{"role": "user", "content": text}],
            **fields,
        }
        return self.request(
            "POST", "/messages", key, data=orjson.dumps(body), stream=bool(fields.get("stream"))
        )

    def embed(self, key: str, given: object, **fields: object) -> requests.Response:
        body = {"model": "text-embedding-3-small", "input": given, **fields}
        return self.request("POST", "/embeddings", key, data=orjson.dumps(body))

    def request(self, method: str, path: str, key: str = "", **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= options.pop("headers", {})
        return requests.request(
            method, f"{self.base_url}{path}", headers=headers, timeout=PATIENCE_SECONDS, **options
        )

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._server = Server(
            self.application,
            address="127.0.0.1",
            port=self.port,
            interface=Interfaces.ASGI,
            log_enabled=False,
        )
        await self._server.serve()
