import pytest

from accounts.services import api_keys, keyed_hash
from gateway.errors import KeyMalformed, KeyMissing
from gateway.services import credentials

KEY_ID, SECRET = "abcDEF123456", "s" * 32
BODY = f"sk-{KEY_ID}{SECRET}"
KEY = (BODY + api_keys._checksum(BODY)).encode()


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": b"Bearer " + KEY},
        {b"authorization": b"bearer   " + KEY + b" "},
        {b"authorization": KEY},
        {b"x-api-key": KEY},
        {b"api-key": KEY},
        {b"authorization": b"Bearer " + KEY, b"x-api-key": b"sk-other"},
        {b"authorization": b"", b"x-api-key": KEY},
    ],
)
def test_the_key_is_found_where_clients_put_it(headers: dict[bytes, bytes]) -> None:
    found = credentials.read(headers)

    assert found.key_id == KEY_ID
    assert found.secret_hashes == [
        hashed.value for hashed in keyed_hash.candidates(keyed_hash.API_KEY, SECRET)
    ]


@pytest.mark.parametrize(
    "headers", [{}, {b"authorization": b""}, {b"authorization": b"Bearer "}, {b"x-api-key": b" "}]
)
def test_no_key_is_said_to_be_missing(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(KeyMissing):
        credentials.read(headers)


@pytest.mark.parametrize(
    "text", [KEY[:-1], KEY + b"x", KEY.replace(b"abc", b"abd"), b"Basic dTpw", b"\xff\xfe", b"sk-proj-1"]
)
def test_what_cannot_be_a_key_is_refused(text: bytes) -> None:
    with pytest.raises(KeyMalformed):
        credentials.read({b"authorization": b"Bearer " + text})


def test_credentials_do_not_show_their_hashes() -> None:
    assert "secret" not in repr(credentials.read({b"x-api-key": KEY}))
