"""Callers that keep a gateway busy and remember which answers they were given whole."""

import json
import threading
from dataclasses import dataclass, field

import requests

CALL_TIMEOUT_SECONDS = 30


@dataclass
class Load:
    """Threads that call one after another until `stop`; a refused or broken call is nothing special here."""

    base_url: str
    key: str
    callers: int = 12
    prompt: str = "one two three [[tokens:12]] [[pace_ms:40]]"
    acknowledged: list[str] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._call_until_over, args=(number % 2 == 0,))
            for number in range(self.callers)
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_ended: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _call_until_over(self, stream: bool) -> None:  # noqa: FBT001 - a thread's positional argument
        while not self._over.is_set():
            try:
                self._call(stream=stream)
            except (requests.RequestException, json.JSONDecodeError):
                self._over.wait(0.05)

    def _call(self, *, stream: bool) -> None:
        with requests.post(
            f"{self.base_url}/chat/completions",
            headers={"Authorization": f"Bearer {self.key}"},
            json={
                "model": "deepseek-chat", "stream": stream, "max_tokens": 64,
                "messages": [{"role": "user", "content": self.prompt}],
            },
            stream=True,
            timeout=CALL_TIMEOUT_SECONDS,
        ) as answer:  # fmt: skip
            self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
            if answer.status_code == 200 and self._came_whole(answer, stream=stream):
                self.acknowledged.append(answer.headers["x-request-id"])
                return
        self._over.wait(0.05)

    def _came_whole(self, answer: requests.Response, *, stream: bool) -> bool:
        if stream:
            return any(line == b"data: [DONE]" for line in answer.iter_lines())
        return bool(json.loads(answer.content)["choices"])
