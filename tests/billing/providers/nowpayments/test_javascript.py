"""Numbers, texts and keys are printed as JavaScript prints them, or a true signature would be refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.providers.nowpayments import javascript
from sandbox.nowpayments.javascript import stringify as printed_by_the_sandbox
from tests.billing.providers.nowpayments.on_record import fixture

NUMBERS = fixture("vector.js-number-format")
SIGNED = fixture("vector.ipn-signature")


@pytest.mark.parametrize("vector", NUMBERS, ids=lambda vector: str(vector["json_source"]))
def test_a_number_is_printed_as_javascript_prints_it(vector: Any) -> None:
    assert javascript.number(vector["json_source"]) == vector["javascript"]


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: str(vector["name"]))
def test_a_body_is_printed_as_javascript_prints_it(vector: Any) -> None:
    said = javascript.parse(vector["raw_body"].encode())

    assert javascript.stringify(said) == vector["canonical_arrays_kept"]


@pytest.mark.parametrize(
    "vector",
    [each for each in SIGNED if each["canonical_array_as_object"]],
    ids=lambda vector: str(vector["name"]),
)
def test_arrays_are_printed_as_objects_where_that_is_how_they_were_signed(vector: Any) -> None:
    said = javascript.with_arrays_as_objects(javascript.parse(vector["raw_body"].encode()))

    assert javascript.stringify(said) == vector["canonical_array_as_object"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"b": 1, "a": {"d": [], "c": {}}}', '{"a":{"c":{},"d":[]},"b":1}'),
        ('{"10": 1, "9": 2, "a": 3, "01": 4, "4294967295": 5}', '{"9":2,"10":1,"01":4,"4294967295":5,"a":3}'),
        ('{"\ufb01": 1, "\U0001f600": 2}', '{"\U0001f600":2,"\ufb01":1}'),
        (r'"\u0001\b\f\n\r\t\"\\\/\u007f\u2028é"', '"\\u0001\\b\\f\\n\\r\\t\\"\\\\/\x7f\u2028é"'),
        ("[true, false, null]", "[true,false,null]"),
        ("[1e400, -1e400, -1e-400, -0.0]", "[null,null,0,0]"),
    ],
)
def test_everything_else_is_printed_as_javascript_prints_it(body: str, text: str) -> None:
    assert javascript.stringify(javascript.parse(body.encode())) == text


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b"[Infinity]", b'{"a":1,"a":1}', b"\xff", b"\xef\xbb\xbf{}", b"[" * 200_000]
)
def test_what_javascript_would_not_have_sent_is_not_printed(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        javascript.parse(body)


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_loses_anything(value: float) -> None:
    printed = javascript.number(repr(value))

    assert float(printed) == value
    assert printed == printed_by_the_sandbox(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(said=JSON)
def test_what_is_printed_says_the_same(said: Any) -> None:
    printed = javascript.stringify(javascript.parse(json.dumps(said).encode()))

    assert json.loads(printed) == said
