"""Who answers which path in which role."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from portal import asgi

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def recorder(calls: list[str], name: str) -> Application:
    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        calls.append(name)

    return application


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put a recorder in the place of each side, and give what they note."""
    noted: list[str] = []
    monkeypatch.setattr(asgi, "gateway", recorder(noted, "gateway"))
    monkeypatch.setattr(asgi, "pages", recorder(noted, "pages"))
    return noted


def call(application: Application, scope: dict[str, Any]) -> list[Mapping[str, Any]]:
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(application(scope, receive, send))  # type: ignore[arg-type]
    return sent


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/chat/completions", "/v1/models/openai/gpt-oss-120b"])
def test_the_model_api_is_the_gateways(calls: list[str], path: str) -> None:
    call(asgi.everything, {"type": "http", "path": path})

    assert calls == ["gateway"]


@pytest.mark.parametrize("path", ["/", "/v10", "/v1x", "/healthz", "/wallet", "/admin/v1/"])
def test_every_other_path_is_djangos(calls: list[str], path: str) -> None:
    call(asgi.everything, {"type": "http", "path": path})

    assert calls == ["pages"]


def test_the_gateway_hears_of_the_servers_start_and_end(calls: list[str]) -> None:
    call(asgi.everything, {"type": "lifespan"})

    assert calls == ["gateway"]


@pytest.mark.parametrize(
    ("path", "answers"), [("/healthz", "pages"), ("/v1/models", "gateway"), ("/wallet", "gateway")]
)
def test_the_gateway_alone_answers_all_but_whether_it_is_healthy(
    calls: list[str], path: str, answers: str
) -> None:
    call(asgi.gateway_alone, {"type": "http", "path": path})

    assert calls == [answers]


def test_the_pages_alone_start_and_end_without_a_gateway(calls: list[str]) -> None:
    sent = call(asgi.pages_alone, {"type": "lifespan"})

    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert calls == []


def test_the_pages_alone_know_no_model_api(calls: list[str]) -> None:
    call(asgi.pages_alone, {"type": "http", "path": "/v1/models"})

    assert calls == ["pages"]


def test_a_server_whose_gateway_cannot_start_does_not_serve_on_without_it() -> None:
    sent: list[str] = []

    async def broken(scope: dict[str, Any], receive: Any, send: Any) -> None:
        raise ConnectionError("no database")

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message["type"])

    with pytest.raises(ConnectionError):
        asyncio.run(asgi.starting_loudly(broken)({"type": "lifespan"}, send, send))  # type: ignore[arg-type]

    assert sent == ["lifespan.startup.failed"]
