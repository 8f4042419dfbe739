"""Nothing on record is left unread: notifications and errors are read as a whole, all else by its name."""

import re
from pathlib import Path

import pytest

from tests.billing.providers.nowpayments.on_record import names

SOURCES = "".join(path.read_text() for path in Path(__file__).parent.glob("*.py"))


@pytest.mark.parametrize("name", sorted({*names("api."), *names("vector.")} - {*names("api.error.")}))
def test_everything_on_record_is_used(name: str) -> None:
    opening, last_word = re.fullmatch(r"(.*)\.([^.]*)", name).groups()  # type: ignore[union-attr]

    spelt_out = f'"{name}"' in SOURCES
    put_together = f'"{opening}.{{name}}"' in SOURCES and f'"{last_word}"' in SOURCES
    assert spelt_out or put_together
