"""What is on record of the real NowPayments, and how the sandbox's answers are held against it."""

from typing import Any

import orjson

from tests.sandbox.running import ROOT

FIXTURES = ROOT / "tests" / "fixtures" / "nowpayments"


def recorded(name: str) -> Any:
    return orjson.loads((FIXTURES / f"{name}.json").read_bytes())


def kinds(value: Any) -> dict[str, str]:
    """Return of which kind each field is; fractions and whole numbers are one, as in JavaScript."""
    names = {"int": "number", "float": "number"}
    return {name: names.get(type(each).__name__, type(each).__name__) for name, each in value.items()}


def differences(answer: dict[str, Any], name: str) -> dict[str, tuple[str | None, str]]:
    """Return the recorded fields that are missing in ``answer`` or of another kind there.

    What is null on either side says nothing of its kind.
    """
    found, expected = kinds(answer), kinds(recorded(name))
    return {
        field: (found.get(field), kind)
        for field, kind in expected.items()
        if field not in found or (found[field] != kind and "NoneType" not in {found[field], kind})
    }
