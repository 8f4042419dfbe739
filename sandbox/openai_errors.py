"""Refusals of the model server, in the shape in which OpenAI states them."""

from typing import Any

import orjson
from aiohttp import web


class ApiError(Exception):
    """A refusal with its HTTP status; the caller sees message, type, param and code."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "error": {"message": message, "type": kind, "param": param, "code": code}
        }

    def response(self) -> web.Response:
        """Return the refusal as an HTTP answer."""
        return web.Response(status=self.status, body=orjson.dumps(self.body), content_type="application/json")


def invalid_key() -> ApiError:
    """Refuse a call whose bearer key is absent or not ours."""
    return ApiError("The API key is missing or incorrect.", status=401, code="invalid_api_key")


def unknown_model(model: str) -> ApiError:
    """Refuse a call for a model that this sandbox does not serve."""
    return ApiError(
        f"The model {model!r} is not served here.", status=404, param="model", code="model_not_found"
    )


def unknown_url(method: str, path: str) -> ApiError:
    """Refuse a call to an address that does not exist."""
    return ApiError(f"Invalid URL ({method} {path})", status=404)


def told_to_fail(status: int) -> ApiError:
    """Refuse a call because the behaviour in force says so."""
    if status == web.HTTPTooManyRequests.status_code:
        return ApiError(
            "Rate limited: the sandbox was told to.",
            status=status,
            kind="requests",
            code="rate_limit_exceeded",
        )
    return ApiError("Failed: the sandbox was told to.", status=status, kind="server_error")
