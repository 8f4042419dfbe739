"""An upstream that says exactly what it was given, however odd, and remembers what it heard."""

import re
import socketserver
import threading
from types import TracebackType
from typing import Self

HEAD = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nConnection: close\r\n\r\n"


def stream(*frames: bytes) -> bytes:
    """Return a streamed answer of these frames."""
    return HEAD % (b"200 OK", b"text/event-stream") + b"".join(frames)


def whole(body: bytes, *, status: bytes = b"200 OK", headers: bytes = b"") -> bytes:
    """Return a whole answer."""
    length = b"Content-Length: %d\r\n" % len(body)
    return HEAD.removesuffix(b"\r\n") % (status, b"application/json") + headers + length + b"\r\n" + body


class ScriptedUpstream:
    """Answers every call with the bytes of ``answer``, then closes the connection."""

    def __init__(self, answer: bytes) -> None:
        self.heard: list[bytes] = []
        upstream = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                head = b"".join(iter(self.rfile.readline, b"\r\n"))
                length = re.search(rb"(?i)content-length: (\d+)", head)
                upstream.heard.append(head + b"\r\n" + self.rfile.read(int(length[1]) if length else 0))
                self.wfile.write(answer)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
