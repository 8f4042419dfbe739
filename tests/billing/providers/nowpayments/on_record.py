"""What is on record of the real NowPayments, byte for byte as it is on the wire."""

import hashlib
import hmac
import re
from pathlib import Path
from typing import Any

import orjson

from tests.billing.providers.recorded import Answer

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "nowpayments"
_KEY = re.compile(rb'^("(?:[^"\\]|\\.)*"): ')


def fixture(name: str) -> Any:
    return orjson.loads((FIXTURES / f"{name}.json").read_bytes())


def wire(name: str) -> bytes:
    """Return a body without the spaces of the file, and with every number as it is spelt there."""
    lines = (line.strip() for line in (FIXTURES / f"{name}.json").read_bytes().splitlines())
    return b"".join(_KEY.sub(rb"\1:", line) for line in lines)


def names(opening: str) -> list[str]:
    return sorted(path.stem for path in FIXTURES.glob(f"{opening}*.json"))


def recorded(name: str, *, status: int = 200) -> Answer:
    return Answer(status, wire(name))


def changed(name: str, **changes: Any) -> Answer:
    """Return a recorded answer in which some fields are others."""
    return Answer(200, orjson.dumps(fixture(name) | changes))


def signed(body: bytes, secret: str) -> dict[str, str]:
    """Return the header that a notification with this body comes with."""
    return {"x-nowpayments-sig": hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()}
