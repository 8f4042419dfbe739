"""Refusals of the NowPayments API, in the one shape in which NowPayments states them."""

from aiohttp import web

from sandbox.answers import as_json
from sandbox.faults import Fault


class ApiError(ValueError):
    """A refusal with its HTTP status; `code` is for programs."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> web.Response:
        """Return the refusal as an HTTP answer."""
        body = {"status": False, "statusCode": self.status, "code": self.code, "message": str(self)}
        return as_json(body, status=self.status)


def invalid(message: str) -> ApiError:
    """Refuse a call that is malformed."""
    return ApiError(400, "INVALID_REQUEST_PARAMS", message)


def bad_request(message: str) -> ApiError:
    """Refuse a call that cannot be done."""
    return ApiError(400, "BAD_REQUEST", message)


def unavailable(coin: str) -> ApiError:
    """Refuse a coin that is not taken."""
    return ApiError(400, "CURRENCY_UNAVAILABLE", f"Currency {coin} is currently unavailable")


def too_small() -> ApiError:
    """Refuse a payment below the minimum of its coin."""
    return ApiError(400, "AMOUNT_MINIMAL_ERROR", "amountTo is too small")


def wrong_key() -> ApiError:
    """Refuse a call without the account's key."""
    return ApiError(403, "INVALID_API_KEY", "Invalid api key")


def no_token() -> ApiError:
    """Refuse a call that needs a token and has none, or one that has ended."""
    return ApiError(401, "AUTH_REQUIRED", "Authorization header is empty (Bearer JWTtoken is required)")


def not_found(what: str) -> ApiError:
    """Refuse a call about something that is not there."""
    return ApiError(404, "NOT_FOUND", f"{what} not found")


def told_to_fail(fault: Fault) -> web.Response:
    """Return the error that ``fault`` asks for."""
    answer = ApiError(fault.status, "FAILURE", "The sandbox was told to fail.").response()
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = fault.retry_after
    return answer
