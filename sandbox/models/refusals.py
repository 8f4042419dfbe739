"""Refusals of the model server, before they take the shape of the surface that was called."""

from typing import Protocol

from aiohttp import web


class Refusal(Exception):
    """A call that is not answered; what is said of it, how much of that depends on the shape."""

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
        self.message = message
        self.status = status
        self.kind = kind
        self.param = param
        self.code = code


class Shape(Protocol):
    """How a family of surfaces states what goes wrong."""

    # A frame, in the middle of a stream, whose data is not JSON.
    malformed_frame: bytes

    def response(self, refusal: Refusal) -> web.Response:
        """Return ``refusal`` as an HTTP answer."""
        ...

    def frame(self, refusal: Refusal) -> bytes:
        """Return ``refusal`` as an event within a stream."""
        ...


def invalid_key() -> Refusal:
    """Refuse a call whose key is absent or not ours."""
    return Refusal("The API key is missing or incorrect.", status=401, code="invalid_api_key")


def unknown_model(model: str) -> Refusal:
    """Refuse a call for a model that this sandbox does not serve."""
    return Refusal(
        f"The model {model!r} is not served here.", status=404, param="model", code="model_not_found"
    )


def unknown_url(method: str, path: str) -> Refusal:
    """Refuse a call to an address that does not exist."""
    return Refusal(f"Invalid URL ({method} {path})", status=404)


def too_large() -> Refusal:
    """Refuse a call whose body is larger than any that is read."""
    return Refusal("The body is too large.", status=413)


def told_to_fail(status: int) -> Refusal:
    """Refuse a call because the behaviour in force says so."""
    if status == web.HTTPTooManyRequests.status_code:
        return Refusal(
            "Rate limited: the sandbox was told to.",
            status=status,
            kind="requests",
            code="rate_limit_exceeded",
        )
    return Refusal("Failed: the sandbox was told to.", status=status, kind="server_error")
