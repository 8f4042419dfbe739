"""Refusals of the Creem API, in the one shape in which Creem states them."""

import uuid

from aiohttp import web

from sandbox.answers import as_json
from sandbox.clock import now_ms
from sandbox.faults import Fault


class ApiError(ValueError):
    """A refusal with its HTTP status; `messages` say what is wrong."""

    def __init__(self, status: int, *messages: str, error: str = "Bad Request") -> None:
        super().__init__("; ".join(messages))
        self.status = status
        self.messages = messages
        self.error = error

    def response(self) -> web.Response:
        """Return the refusal as an HTTP answer."""
        body = {
            "trace_id": str(uuid.uuid4()),
            "status": self.status,
            "error": self.error,
            "message": self.messages,
            "timestamp": now_ms(),
        }
        return as_json(body, status=self.status)


def invalid(*messages: str) -> ApiError:
    """Refuse a call that is malformed."""
    return ApiError(400, *messages)


def unauthorized() -> ApiError:
    """Refuse a call without the store's key."""
    return ApiError(401, "Unauthorized", error="Unauthorized")


def not_found(what: str) -> ApiError:
    """Refuse a call about something that is not there; the error is called a bad request, as at Creem."""
    return ApiError(404, f"{what} not found")


def told_to_fail(fault: Fault) -> web.Response:
    """Return the error that ``fault`` asks for."""
    answer = ApiError(fault.status, "The sandbox was told to fail.", error="Failure").response()
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = fault.retry_after
    return answer
