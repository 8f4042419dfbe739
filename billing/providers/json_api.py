"""JSON over HTTP to a provider: bounded in time and size, reads repeated, every fault named."""

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple, TypedDict

import orjson
import requests  # noqa: TID251 - this is the place for it
import urllib3

from billing.providers.errors import (
    KeyRefused,
    NotKnownThere,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    Reason,
)
from billing.providers.patience import Patience

logger = logging.getLogger(__name__)

LARGEST_ANSWER_BYTES = 4 * 2**20

_MOST_MESSAGES, _LONGEST_MESSAGE = 5, 300
_PART_BYTES = 64 * 1024
_MOST_DIGITS = 7
_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS = 408, 429
_PASSING = frozenset({_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS})
_REFUSALS = {401: KeyRefused, 403: KeyRefused, 404: NotKnownThere}


class _Said(TypedDict):
    operation: str
    status: int
    trace_id: str | None
    messages: tuple[str, ...]


class Explanation(NamedTuple):
    """What the body of an error says."""

    trace_id: str | None
    messages: tuple[str, ...]


class JsonApi:
    """One provider's API. Threads may share it: urllib3's pools are made for that; nothing else changes."""

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str],
        explain: Callable[[Any], Explanation],
        patience: Patience,
        sleep: Callable[[timedelta], None],
        before_asking: Callable[[], None] = lambda: None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._explain = explain
        self._patience = patience
        self._sleep = sleep
        self._before_asking = before_asking
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update(
            {"User-Agent": "purser", "Accept": "application/json", "Accept-Encoding": "identity", **headers}
        )

    def get(
        self, path: str, query: Mapping[str, str | int], *, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Read something; asked again after ProviderUnavailable, unless the provider wants a long pause."""
        for pause in self._patience.pauses():
            try:
                return self._ask("GET", path, params=query, headers=headers)
            except ProviderUnavailable as failure:
                wanted = timedelta(seconds=failure.retry_after_seconds or 0)
                if wanted > self._patience.longest_pause:
                    raise
                self._sleep(max(pause, wanted))
        return self._ask("GET", path, params=query, headers=headers)

    def post(
        self, path: str, content: Mapping[str, Any] | None, *, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Do something, asked once: after ProviderUnavailable nobody knows whether it was done.

        A Decimal in ``content`` is sent as the number that it is, to the last digit. None is no body.
        """
        headers = {"Content-Type": "application/json"} if content is not None else {}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        body = orjson.dumps(content, default=_exactly) if content is not None else None
        return self._ask("POST", path, data=body, headers=headers)

    def delete(self, path: str) -> dict[str, Any]:
        """Delete something, asked once, as `post` does."""
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        operation = f"{method} {path}"
        self._before_asking()
        try:
            status, headers, body = self._exchange(method, path, content)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as fault:
            # Of the fault nothing but its kind is told: its text holds addresses and parts of answers.
            failure: ProviderError = ProviderUnavailable(operation=operation, reason=_reason_for(fault))
        else:
            answer = parse(body)
            if 200 <= status < 300 and isinstance(answer, dict):
                return answer
            failure = self._failure(operation, status, headers.get("Retry-After", ""), answer)
        logger.warning("%s", failure)
        raise failure

    def _exchange(
        self, method: str, path: str, content: Mapping[str, Any]
    ) -> tuple[int, Mapping[str, str], bytes]:
        until = _now() + self._patience.whole
        with self._session.request(
            method,
            self._base_url + path,
            timeout=(self._patience.connect.total_seconds(), self._patience.silence.total_seconds()),
            allow_redirects=False,  # the key goes nowhere else
            stream=True,
            **content,
        ) as response:
            return response.status_code, response.headers, _whole_body(response.raw, until=until)

    def _failure(self, operation: str, status: int, retry_after: str, answer: Any) -> ProviderError:
        trace_id, messages = self._explain(answer)
        said = _Said(operation=operation, status=status, trace_id=trace_id, messages=messages)
        if 400 <= status < 500 and status not in _PASSING:
            return _REFUSALS.get(status, ProviderRefused)(**said)
        # A date, the other form of this header, is left aside: our clocks may differ.
        wait = int(retry_after) if retry_after.isdecimal() and len(retry_after) <= _MOST_DIGITS else None
        return ProviderUnavailable(**said, reason=_reason_of(status), retry_after_seconds=wait)


def parse(body: bytes) -> Any:
    """Return what JSON ``body`` says, its fractions as Decimal; None for what is not JSON."""
    try:
        return json.loads(body, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):  # also numbers and nesting beyond all reason
        return None


def fit_for_a_log(words: Iterable[object], *, hiding: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``words`` that are texts, short, printable and with none of the secrets in them."""
    messages = [word for word in words if isinstance(word, str)][:_MOST_MESSAGES]
    for secret in filter(None, hiding):
        messages = [message.replace(secret, "***") for message in messages]
    printable = ("".join(each if each.isprintable() else " " for each in message) for message in messages)
    return tuple(message[:_LONGEST_MESSAGE] for message in printable)


def _exactly(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError


def _whole_body(raw: urllib3.HTTPResponse, *, until: timedelta) -> bytes:
    body = b""
    while part := raw.read1(_PART_BYTES):
        body += part
        if _now() > until:
            raise urllib3.exceptions.TimeoutError
        if len(body) > LARGEST_ANSWER_BYTES:
            raise urllib3.exceptions.ResponseError
    return body


def _now() -> timedelta:
    return timedelta(seconds=time.monotonic())


def _reason_of(status: int) -> Reason:
    if status == _TOO_MANY_REQUESTS:
        return Reason.BUSY
    # Below 500 what is left is a redirect, or a success that is no JSON object.
    return Reason.FAILING if status in _PASSING or status >= 500 else Reason.GARBLED


def _reason_for(fault: Exception) -> Reason:
    match fault:
        case requests.Timeout() | urllib3.exceptions.TimeoutError():
            return Reason.TIMED_OUT
        case requests.ConnectionError():
            return Reason.UNREACHABLE
        case _:
            return Reason.GARBLED
