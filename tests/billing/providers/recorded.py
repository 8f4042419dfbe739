"""What is on record of the real Creem: fixtures by name, and a server that answers with them."""

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

import orjson

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "creem"


def fixture(name: str) -> Any:
    return orjson.loads((FIXTURES / f"{name}.json").read_bytes())


def names(opening: str) -> list[str]:
    return sorted(path.stem for path in FIXTURES.glob(f"{opening}*.json"))


class Request(NamedTuple):
    """A call as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """What is sent back, byte for byte."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


def recorded(name: str, *, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(fixture(name)))


class RecordedServer:
    """Answers every call as ``answer`` says, on a free port, until the end of the ``with`` block."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self.requests: list[Request] = []
        self._answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def respond(self, request: Request) -> Answer:
        self.requests.append(request)
        return self._answer(request)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._respond(b"")

            def do_DELETE(self) -> None:
                self._respond(b"")

            def do_POST(self) -> None:
                self._respond(self.rfile.read(int(self.headers["Content-Length"])))

            def _respond(self, body: bytes) -> None:
                address = urlsplit(self.path)
                query = dict(parse_qsl(address.query))
                request = Request(self.command, address.path, query, dict(self.headers), body)
                answer = server.respond(request)
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
