"""Whatever a key console answers is a key, a refusal, or no usable answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from billing.providers.errors import KeyRefused, ProviderError, ProviderRefused, ProviderUnavailable, Reason
from billing.providers.key_console import KeyConsole
from billing.providers.key_issuer import ForeignKey, KeyWish
from tests.billing.providers.recorded import Answer, RecordedServer

WISH = KeyWish(name="ord_7", quota=3_825_000, idempotency_key="ord_7")
ROW = {"id": 7, "key": "k" * 48, "name": "ord_7", "remain_quota": 3_825_000}
KEY = ForeignKey(id="7", text="sk-" + "k" * 48, quota_left=3_825_000)

Ask = Callable[[KeyConsole], Any]
ASKED: dict[str, Ask] = {
    "create": lambda console: console.create(WISH),
    "find": lambda console: console.find("ord_7"),
    "delete": lambda console: console.delete("7"),
}


def said(content: object, *, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(content))


def done(data: object) -> Answer:
    return said({"success": True, "message": "", "data": data})


def asked(ask: str, answer: Answer) -> tuple[Any, RecordedServer]:
    """Return what comes of one question to a console that answers so, and the server that saw it."""
    with RecordedServer(lambda _: answer) as server:
        console = KeyConsole(url=f"{server.url}/console/", access_token="secret-token", sleep=ignored)
        return ASKED[ask](console), server


def failure(ask: str, answer: Answer) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        asked(ask, answer)
    return caught.value


def ignored(_pause: timedelta) -> None:
    """Do not wait."""


def test_a_key_is_asked_for_with_its_quota_under_its_idempotency_key() -> None:
    key, server = asked("create", done(ROW))

    [request] = server.requests
    assert key == KEY
    assert (request.method, request.path) == ("POST", "/console/api/token/")
    assert request.headers["Idempotency-Key"] == "ord_7"
    assert request.headers["Authorization"] == "Bearer secret-token"
    assert orjson.loads(request.body) == {
        "name": "ord_7",
        "remain_quota": 3_825_000,
        "unlimited_quota": False,
        "expired_time": -1,
    }


def test_a_console_that_writes_the_prefix_itself_gets_no_second_one() -> None:
    key, _server = asked("create", done({**ROW, "key": KEY.text}))

    assert key == KEY


def test_only_keys_of_exactly_the_name_are_found() -> None:
    found, server = asked("find", done([ROW, {**ROW, "id": 8, "name": "ord_77"}, "nonsense"]))

    assert found == [KEY]
    assert server.requests[0].query == {"keyword": "ord_7"}


def test_a_key_is_deleted_by_its_id() -> None:
    _nothing, server = asked("delete", done(None))

    assert [(request.method, request.path) for request in server.requests] == [
        ("DELETE", "/console/api/token/7")
    ]


@pytest.mark.parametrize("ask", ASKED)
def test_an_answer_without_success_is_a_refusal_in_the_consoles_words(ask: str) -> None:
    refusal = failure(ask, said({"success": False, "message": "There is no quota left."}))

    assert type(refusal) is ProviderRefused
    assert refusal.messages == ("There is no quota left.",)


@pytest.mark.parametrize("ask", ASKED)
def test_a_wrong_access_token_is_told_as_such(ask: str) -> None:
    assert type(failure(ask, said({"success": False, "message": "no"}, status=401))) is KeyRefused


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize(
    "answer",
    [
        said({}),
        said([]),
        said({"success": "true", "data": ROW}),
        Answer(200, b"<html>"),
        Answer(200, b""),
        said({"success": False, "message": 7}, status=500),
        Answer(429, b"", {"Retry-After": "1"}),
    ],
)
def test_an_answer_that_says_nothing_is_no_answer(ask: str, answer: Answer) -> None:
    assert isinstance(failure(ask, answer), ProviderUnavailable)


@pytest.mark.parametrize(
    ("ask", "data"),
    [
        ("create", None),
        ("create", {**ROW, "id": "7"}),
        ("create", {**ROW, "key": ""}),
        ("create", {**ROW, "remain_quota": None}),
        ("find", None),
        ("find", ROW),
        ("find", [{**ROW, "key": None}]),
    ],
)
def test_a_key_that_lacks_something_is_no_answer(ask: str, data: object) -> None:
    garbled = failure(ask, done(data))

    assert isinstance(garbled, ProviderUnavailable)
    assert garbled.reason is Reason.GARBLED


def test_nothing_that_is_written_down_holds_a_key(caplog: pytest.LogCaptureFixture) -> None:
    garbled = failure("find", done([{**ROW, "id": None}]))

    assert "kkk" not in f"{garbled} {garbled!r} {KEY!r} {caplog.text}"
    assert "secret-token" not in f"{garbled} {garbled!r} {caplog.text}"
