"""The key console makes one key for one idempotency key, and its keys work."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.exceptions import ReadTimeout

from tests.sandbox.running import RunningSandbox

HEADERS = {"Authorization": "Bearer sandbox-console-token"}


class Console:
    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox

    def call(self, method: str, path: str = "", **options: Any) -> requests.Response:
        return self.sandbox.request(method, f"/console/api/token/{path}", **{"headers": HEADERS, **options})

    def create(self, name: str, *, under: str | None = None, **fields: Any) -> dict[str, Any]:
        headers = HEADERS | ({"Idempotency-Key": under} if under else {})
        said = self.call("POST", headers=headers, json={"name": name, **fields}).json()
        assert isinstance(said, dict)
        return said

    def named(self, name: str) -> list[dict[str, Any]]:
        found = self.call("GET", "search", params={"keyword": name}).json()["data"]
        assert isinstance(found, list)
        return found

    def fail(self, **order: Any) -> None:
        assert self.sandbox.request("POST", "/control/console", json=order).ok


@pytest.fixture
def console(sandbox: RunningSandbox) -> Iterator[Console]:
    console = Console(sandbox)
    yield console
    console.fail()


def test_a_key_is_made_as_asked(console: Console) -> None:
    said = console.create("order-1", remain_quota=500_000, expired_time=1_900_000_000)

    token = said["data"]
    assert (said["success"], len(token["key"])) == (True, 48)
    assert (token["name"], token["remain_quota"], token["expired_time"]) == (
        "order-1",
        500_000,
        1_900_000_000,
    )
    assert console.named("order-1") == [token]


def test_one_idempotency_key_makes_one_key(console: Console) -> None:
    first, second = (console.create("order-2", under="order-2", remain_quota=5) for _ in range(2))

    assert first == second
    assert len(console.named("order-2")) == 1


def test_another_wish_under_the_same_idempotency_key_is_refused(console: Console) -> None:
    console.create("order-3", under="order-3", remain_quota=5)

    said = console.create("order-3", under="order-3", remain_quota=6)

    assert said["success"] is False
    assert len(console.named("order-3")) == 1


def test_a_deleted_key_is_gone_and_is_not_made_again(console: Console) -> None:
    token = console.create("order-4", under="order-4")["data"]

    deleted, again = (console.call("DELETE", str(token["id"])).json() for _ in range(2))

    assert (deleted["success"], again["success"]) == (True, False)
    assert console.named("order-4") == []
    assert console.create("order-4", under="order-4")["success"] is False


def test_keys_are_listed_newest_first_by_pages(console: Console) -> None:
    ids = [console.create("listed")["data"]["id"] for _ in range(11)]

    pages = [console.call("GET", params={"p": number}).json()["data"] for number in (0, 1)]

    assert [token["id"] for token in pages[0]] == ids[:0:-1]
    assert pages[1][0]["id"] == ids[0]


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"name": ""}', b'{"name": "%s"}' % (b"x" * 31)])
def test_a_key_without_a_proper_name_is_refused_in_the_way_of_the_family(
    console: Console, body: bytes
) -> None:
    answer = console.call("POST", data=body)

    assert (answer.status_code, answer.json()["success"]) == (200, False)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer other"}])
def test_a_call_without_the_access_token_is_refused(console: Console, headers: dict[str, str]) -> None:
    answer = console.call("GET", headers=headers)

    assert (answer.status_code, answer.json()["success"]) == (401, False)


def test_a_key_opens_the_model_server_until_it_is_deleted(console: Console) -> None:
    token = console.create("working")["data"]
    headers = {"Authorization": f"Bearer sk-{token['key']}"}

    works = console.sandbox.request("GET", "/v1/models", headers=headers)
    console.call("DELETE", str(token["id"]))
    works_no_more = console.sandbox.request("GET", "/v1/models", headers=headers)

    assert (works.status_code, works_no_more.status_code) == (200, 401)


def test_a_console_fails_as_told(console: Console) -> None:
    console.fail(mode="fail", status=503, retry_after="1", times=1)

    answer = console.call("POST", json={"name": "failed"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert console.named("failed") == []


def test_a_key_whose_answer_was_lost_is_had_by_asking_again(console: Console) -> None:
    console.fail(mode="stall", seconds=60, after_work=True, times=1)

    with pytest.raises(ReadTimeout):
        requests.post(
            f"{console.sandbox.url}/console/api/token/",
            json={"name": "lost"},
            headers=HEADERS | {"Idempotency-Key": "lost"},
            timeout=0.2,
        )

    assert console.named("lost") == [console.create("lost", under="lost")["data"]]


def test_keys_outlive_a_kill(tmp_path: Path) -> None:
    with RunningSandbox(tmp_path) as sandbox:
        token = Console(sandbox).create("kept", under="kept")["data"]
        sandbox.stop(signal.SIGKILL)

    with RunningSandbox(tmp_path) as sandbox:
        assert Console(sandbox).create("kept", under="kept")["data"] == token
