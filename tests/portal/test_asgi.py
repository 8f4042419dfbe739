"""Who answers which path in which role."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from pytest_django import Settings

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


def asked(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    """Return the scope of a request."""
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "path": path, "headers": encoded}


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/",
        "/v1/chat/completions",
        "/v1/models/openai/gpt-oss-120b",
        "/anthropic/v1/messages",
        "/openai",
    ],
)
def test_the_model_api_is_the_gateways(calls: list[str], path: str) -> None:
    call(asgi.everything, asked(path))

    assert calls == ["gateway"]


@pytest.mark.parametrize(
    "path", ["/", "/v10", "/v1x", "/healthz", "/wallet", "/admin/v1/", "/models", "/messages", "/receipts/x"]
)
def test_every_other_path_is_djangos(calls: list[str], path: str) -> None:
    call(asgi.everything, asked(path))

    assert calls == ["pages"]


@pytest.mark.parametrize(
    ("scope", "answers"),
    [
        (asked("/chat/completions", "POST"), "gateway"),
        (asked("/messages", "POST"), "gateway"),
        (asked("/responses", "POST"), "gateway"),
        (asked("/models", authorization="Bearer sk-x"), "gateway"),
        (asked("/models", x_api_key="sk-x"), "gateway"),
        (asked("/models", anthropic_version="2023-06-01"), "gateway"),
        (asked("/models/openai/gpt-oss-120b", api_key="sk-x"), "gateway"),
        (asked("/wallet", authorization="Bearer sk-x"), "pages"),
        (asked("/wallet/redeem", "POST"), "pages"),
        (asked("/", "HEAD"), "pages"),
        (asked("/api/v1/messages", "POST"), "pages"),
    ],
)
def test_without_a_prefix_the_gateway_has_what_only_programs_send(
    calls: list[str], scope: dict[str, Any], answers: str
) -> None:
    call(asgi.everything, scope)

    assert calls == [answers]


@pytest.mark.parametrize(
    ("scope", "answers"),
    [
        (asked("/v1", accept="text/html,*/*;q=0.8"), "pages"),
        (asked("/v1/chat/completions", accept="text/html"), "pages"),
        (asked("/v1", accept="application/json"), "gateway"),
        (asked("/v1", accept="*/*"), "gateway"),
        (asked("/v1/models", accept="text/html", authorization="Bearer sk-x"), "gateway"),
        (asked("/v1/chat/completions", "POST", accept="text/html"), "gateway"),
    ],
)
def test_a_browser_at_the_base_url_gets_a_page(calls: list[str], scope: dict[str, Any], answers: str) -> None:
    call(asgi.everything, scope)

    assert calls == [answers]


@pytest.mark.parametrize(
    ("scope", "answers"),
    [
        (asked("/", "POST", host="api.shop.example"), "gateway"),
        (asked("/wallet", host="api.shop.example"), "gateway"),
        (asked("/wallet", host="api.shop.example", accept="text/html"), "pages"),
        (asked("/healthz", host="api.shop.example"), "pages"),
        (asked("/wallet", host="shop.example"), "pages"),
    ],
)
def test_on_a_host_of_its_own_everything_is_the_gateways(
    calls: list[str], settings: Settings, scope: dict[str, Any], answers: str
) -> None:
    settings.PUBLIC_URL, settings.GATEWAY_BASE_URL = "https://shop.example", "https://api.shop.example"

    call(asgi.everything, scope)

    assert calls == [answers]


def test_the_gateway_hears_of_the_servers_start_and_end(calls: list[str]) -> None:
    call(asgi.everything, {"type": "lifespan"})

    assert calls == ["gateway"]


@pytest.mark.parametrize(
    ("path", "answers"), [("/healthz", "pages"), ("/v1/models", "gateway"), ("/wallet", "gateway")]
)
def test_the_gateway_alone_answers_all_but_whether_it_is_healthy(
    calls: list[str], path: str, answers: str
) -> None:
    call(asgi.gateway_alone, asked(path))

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
