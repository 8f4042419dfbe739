"""A sandbox in a process of its own, reached over HTTP and SMTP as the product reaches it."""

import re
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
import requests

ROOT = Path(__file__).resolve().parents[2]
UPSTREAM_KEY = "sandbox-upstream-key"
VERSION = {"anthropic-version": "2023-06-01"}
PATIENCE_SECONDS = 10


class RunningSandbox:
    """``python -m sandbox`` on free ports, stopped at the end of the ``with`` block."""

    def __init__(self, state_dir: Path, *options: str) -> None:
        self.state_dir = state_dir
        self._options = options

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "sandbox", "--port=0", "--smtp-port=0"]
        self.process = subprocess.Popen(
            [*command, f"--state-dir={self.state_dir}", *self._options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready_line = self.process.stdout.readline()
        port, smtp_port = re.findall(r":(\d+)", self.ready_line)
        self.url = f"http://127.0.0.1:{port}"
        self.smtp_port = int(smtp_port)
        self.http = requests.Session()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
        if self.process.returncode is None:
            assert self.stop() == (0, "")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """End the process; return its exit code and all that it complained of since it was ready."""
        self.process.send_signal(how)
        _, complaints = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, complaints

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.http.request(method, f"{self.url}{path}", timeout=PATIENCE_SECONDS, **options)

    def chat(self, text: str = "Hello", **fields: Any) -> requests.Response:
        """Post a chat call with ``text`` as its only message; ``fields`` add to the body or replace it.

        Of a streamed answer only the headers have been read; close it.
        """
        body = {"model": "deepseek-chat", "messages": [{"role": "user", "content": text}], **fields}
        return self.post_chat(orjson.dumps(body), stream=bool(fields.get("stream")))

    def post_chat(self, body: bytes, *, key: str = UPSTREAM_KEY, stream: bool = False) -> requests.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return self.request("POST", "/v1/chat/completions", data=body, headers=headers, stream=stream)

    def message(self, text: str = "Hello", **fields: Any) -> requests.Response:
        """Post a messages call, otherwise like ``chat``."""
        body = {
            "model": "deepseek-chat",
            "max_tokens": 1000,
            "messages": [{"role": "user", "content": text}],
            **fields,
        }
        return self.post_message(orjson.dumps(body), stream=bool(fields.get("stream")))

    def post_message(
        self, body: bytes, *, path: str = "", headers: Mapping[str, str] | None = None, stream: bool = False
    ) -> requests.Response:
        headers = {"x-api-key": UPSTREAM_KEY, **VERSION} if headers is None else headers
        return self.request("POST", f"/v1/messages{path}", data=body, headers=headers, stream=stream)

    def embed(self, given: Any, **fields: Any) -> requests.Response:
        body = {"model": "text-embedding-3-small", "input": given, **fields}
        headers = {"Authorization": f"Bearer {UPSTREAM_KEY}"}
        return self.request("POST", "/v1/embeddings", data=orjson.dumps(body), headers=headers)

    def behave(self, **order: Any) -> requests.Response:
        return self.request("POST", "/control/behaviour", json=order)

    def served(self, *, since: int = 0) -> list[dict[str, Any]]:
        calls = self.request("GET", "/control/served", params={"since": since}).json()
        assert isinstance(calls, list)
        return calls

    def last_call(self) -> dict[str, Any]:
        """Return what the log says of the newest call, once it has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (call := self.served()[-1])["outcome"] is None:
            assert time.monotonic() < deadline, f"still under way: {call}"
            time.sleep(0.01)
        return call

    def send_mail(self, mail: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=PATIENCE_SECONDS) as smtp:
            smtp.send_message(mail)

    def mails(self, **query: str | int) -> list[dict[str, Any]]:
        mails = self.request("GET", "/mailbox.json", params=query).json()
        assert isinstance(mails, list)
        return mails


def events(streamed: requests.Response) -> list[str]:
    """Read a stream to its end and return the data of its events."""
    with streamed:
        return [line.removeprefix("data: ") for line in streamed.content.decode().split("\n\n") if line]


def chunks(streamed: requests.Response) -> list[dict[str, Any]]:
    """Read a stream to its end and return its chunks; the end mark has to be there."""
    *data, end_mark = events(streamed)
    assert end_mark == "[DONE]"
    return [orjson.loads(event) for event in data]


def named_events(streamed: requests.Response) -> list[tuple[str, Any]]:
    """Read a stream of a message to its end and return the names of its events with their data."""
    with streamed:
        frames = [frame for frame in streamed.content.decode().split("\n\n") if frame]
    named = [re.fullmatch("event: (.*)\ndata: (.*)", frame) for frame in frames]
    return [(each[1], orjson.loads(each[2])) for each in named if each]
