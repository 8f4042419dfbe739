"""One table: each refusal, its HTTP status, its stable code, and what the caller should do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from gateway.errors import (
    AnswerBroken,
    BodyEncoded,
    BodyTooLarge,
    BodyUnreadable,
    EndpointNotOffered,
    FieldInvalid,
    FieldNotOffered,
    KeyMalformed,
    KeyMissing,
    LedgerRefused,
    ModelUnknown,
    NotReady,
    NotServed,
    ReceiptUnknown,
    Stopped,
    Untranslatable,
    UpstreamBusy,
    UpstreamObjected,
    UpstreamTooSlow,
    UpstreamUnavailable,
    UrlUnknown,
)
from ledger.services.holds import RateStanding

# How much of what a caller sent is repeated to them.
_LONGEST_QUOTE = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. The sentence may name the refusal's facts, and ``wallet``, the wallet's page."""

    status: int
    kind: str
    code: str | None
    sentence: str
    param: str | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """A refusal as it is told, on whatever surface. Without a wait there is nothing to wait for."""

    status: int
    # OpenAI's word for it; Anthropic's follows from the status.
    kind: str
    code: str | None
    message: str
    param: str | None
    retry_after_seconds: int | None = None
    rate: RateStanding | None = None
    # For our log: never a word of somebody else's.
    log_code: str = "-"


_REQUEST, _QUOTA, _SERVER = "invalid_request_error", "insufficient_quota", "server_error"
_UNKNOWN_MODEL = Row(404, _REQUEST, "model_not_found", "No model {model!r} is offered here.", "model")

_TRY_AGAIN = Row(
    503,
    _SERVER,
    "temporarily_unavailable",
    "Try again in a moment: nothing was charged.",
    retry_after_seconds=2,
)

_TABLE: dict[type[BaseException] | str, Row] = {
    UrlUnknown: Row(404, _REQUEST, None, "Invalid URL ({method} {path})"),
    EndpointNotOffered: Row(
        501, _REQUEST, "not_offered", "{path} has no price here yet: chat, messages and embeddings have."
    ),
    NotServed: Row(
        404, _REQUEST, "model_not_served", "{model!r} does not answer calls of this kind.", "model"
    ),
    ReceiptUnknown: Row(
        404, _REQUEST, "receipt_not_found", "This key has made no call of this id."
    ),
    KeyMissing: Row(
        401, _REQUEST, "invalid_api_key", "No API key: send it as 'Authorization: Bearer <key>'."
    ),
    KeyMalformed: Row(
        401, _REQUEST, "invalid_api_key", "This is not a whole API key: copy it again, from 'sk-' to its end."
    ),
    "unknown_key": Row(
        401, _REQUEST, "invalid_api_key", "This API key is not known: it was deleted, or belongs elsewhere."
    ),
    "key_disabled": Row(
        401, _REQUEST, "api_key_disabled", "This API key is disabled: its owner can enable it."
    ),
    "key_expired": Row(401, _REQUEST, "api_key_expired", "This API key has expired: create a new one."),
    "account_frozen": Row(
        403, "permission_error", "account_frozen", "This account is frozen: please contact support."
    ),
    "key_network": Row(
        403, "permission_error", "key_network",
        "This API key may not be used from this address: its owner can allow it at {tokens}.",
    ),
    "model_unknown": _UNKNOWN_MODEL,
    ModelUnknown: _UNKNOWN_MODEL,
    "key_model": Row(
        403, "permission_error", "key_model",
        "This API key may not use {model!r}: its owner can allow it at {tokens}.", "model",
    ),
    "paid_model": Row(
        402, _QUOTA, "insufficient_quota",
        "{model!r} is not free: it needs a plan, or credit, which you can add at {wallet}.",
    ),
    "insufficient_credit": Row(
        402, _QUOTA, "insufficient_quota", "Not enough credit for this call: add some at {wallet}."
    ),
    "key_total_limit": Row(
        402, _QUOTA, "key_total_limit",
        "This API key has spent what it may: its owner can raise its limit at {tokens}.",
    ),
    "key_monthly_limit": Row(
        429, "requests", "key_monthly_limit",
        "This API key has spent what it may in a month: wait, or raise its limit at {tokens}.",
    ),
    "key_daily_limit": Row(
        429, "requests", "key_daily_limit",
        "This API key has spent what it may in a day: wait, or raise its limit at {tokens}.",
    ),
    "key_rate_limit": Row(
        429, "requests", "rate_limit_exceeded",
        "This API key has made as many requests as it may in a minute: wait a moment.",
    ),
    "rate_limit": Row(
        429, "requests", "rate_limit_exceeded",
        "This account has made as many requests as it may in a minute: wait, or add credit at {wallet}.",
    ),
    "daily_requests": Row(
        429, "requests", "daily_requests",
        "This account has made as many requests as it may in a day: wait, or add credit at {wallet}.",
    ),
    "daily_cap": Row(
        429, "requests", "daily_cap",
        "What the plan gives for a day is used up: wait, or add credit at {wallet}.",
    ),
    "weekly_cap": Row(
        429, "requests", "weekly_cap",
        "What the plan gives for a week is used up: wait, or add credit at {wallet}.",
    ),
    "monthly_budget": Row(
        429, "requests", "monthly_budget",
        "The budget of this period of the plan is used up: wait for the next, or add credit at {wallet}.",
    ),
    "busy": Row(
        429, "requests", "busy", "Open calls have set aside what is left: wait until one ends.",
        retry_after_seconds=2,
    ),
    "too_many_open_calls": Row(
        429, "requests", "too_many_open_calls", "Too many calls are open: wait until one ends.",
        retry_after_seconds=2,
    ),
    BodyTooLarge: Row(413, _REQUEST, "body_too_large", "The body has more than {limit_bytes} bytes."),
    BodyEncoded: Row(415, _REQUEST, "unsupported_encoding", "Send the body without Content-Encoding."),
    BodyUnreadable: Row(400, _REQUEST, "invalid_json", "The body is not a JSON object."),
    FieldInvalid: Row(400, _REQUEST, "invalid_value", "'{param}' must be {expected}."),
    FieldNotOffered: Row(400, _REQUEST, "unsupported_value", "'{param}' asks for what is not offered here."),
    Untranslatable: Row(
        400, _REQUEST, "unsupported_by_upstream",
        "'{param}' cannot be passed on to the upstream of this model.",
    ),
    NotReady: _TRY_AGAIN,
    "request_reused": _TRY_AGAIN,
    UpstreamUnavailable: Row(
        502, _SERVER, "upstream_unavailable", "The model did not answer: nothing was charged."
    ),
    UpstreamBusy: Row(503, _SERVER, "upstream_busy", "The model is busy: nothing was charged."),
    UpstreamTooSlow: Row(504, _SERVER, "upstream_timeout", "The model took too long."),
    AnswerBroken: Row(502, _SERVER, "upstream_failed", "The model's answer broke off."),
    Stopped: Row(503, _SERVER, "interrupted", "The gateway had to stop before the answer was complete."),
}  # fmt: skip
_UNEXPECTED = Row(500, _SERVER, "internal_error", "Something broke on our side: we have a record of it.")


def answer_to(refusal: BaseException) -> ErrorAnswer:
    """Return how ``refusal`` is told; of an exception that nobody foresaw only that there was one."""
    if isinstance(refusal, UpstreamObjected):
        return _in_the_upstream_s_words(refusal)
    key = refusal.reason if isinstance(refusal, LedgerRefused) else type(refusal)
    row, facts = _TABLE.get(key, _UNEXPECTED), vars(refusal)
    return ErrorAnswer(
        row.status,
        row.kind,
        row.code,
        row.sentence.format_map({**_quoted(facts), **_pages()}),
        facts.get("param") or row.param,
        facts.get("retry_after_seconds") or row.retry_after_seconds,
        facts.get("rate"),
        row.code or "-",
    )


def _pages() -> Mapping[str, str]:
    return {name: f"{settings.PUBLIC_URL}/{name}" for name in ("wallet", "tokens")}


def _in_the_upstream_s_words(said: UpstreamObjected) -> ErrorAnswer:
    return ErrorAnswer(
        said.status, said.kind, said.code, said.message, said.param, log_code="upstream_objected"
    )


def _quoted(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Cut what the caller sent to a length that suits a sentence."""
    return {name: fact[:_LONGEST_QUOTE] if isinstance(fact, str) else fact for name, fact in facts.items()}
