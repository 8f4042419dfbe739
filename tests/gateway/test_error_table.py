import uuid

import orjson
import pytest

from gateway import errors
from gateway.api import error_shapes, error_table
from gateway.models import Protocol
from ledger.services.holds import RefusalReason

EVERY_REFUSAL = [
    errors.UrlUnknown("GET", "/v1/x"),
    errors.EndpointNotOffered("/v1/responses"),
    errors.NotServed("gpt-9"),
    errors.ReceiptUnknown(),
    errors.KeyMissing(),
    errors.KeyMalformed(),
    errors.BodyTooLarge(10),
    errors.BodyEncoded(),
    errors.BodyUnreadable(),
    errors.FieldInvalid("n", "at most 128"),
    errors.FieldNotOffered("store"),
    errors.Untranslatable("messages[2].content[1]"),
    errors.ModelUnknown("gpt-9"),
    *(errors.LedgerRefused(reason, "gpt-9") for reason in RefusalReason),
    errors.NotReady(),
    errors.UpstreamUnavailable("status 500"),
    errors.UpstreamBusy(7),
    errors.UpstreamTooSlow(),
    errors.UpstreamObjected(
        422, message="Too long.", kind="invalid_request_error", param="messages", code="too_long"
    ),
    errors.AnswerBroken(),
    errors.Stopped(),
]


REQUEST_ID = uuid.UUID(int=7)


def told(
    refusal: BaseException, protocol: Protocol = Protocol.OPENAI
) -> tuple[int, dict[str, object], int | None]:
    answer = error_table.answer_to(refusal)
    body = orjson.loads(error_shapes.body(answer, protocol, REQUEST_ID))
    return answer.status, body["error"], answer.retry_after_seconds


@pytest.mark.parametrize("refusal", EVERY_REFUSAL, ids=repr)
def test_every_refusal_has_its_line(refusal: errors.CallRefused) -> None:
    status, error, _wait = told(refusal)

    assert 400 <= status < 600
    assert error["code"] != "internal_error"
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]


def test_no_refusal_is_forgotten_here() -> None:
    groups = {errors.CallRefused, errors.CallFailed}
    every_kind = {kind for group in groups for kind in group.__subclasses__()} - groups

    assert every_kind == {type(refusal) for refusal in EVERY_REFUSAL}


@pytest.mark.parametrize(
    ("refusal", "status", "error", "wait"),
    [
        (
            errors.UrlUnknown("GET", "/v1"), 404,
            {
                "message": "Invalid URL (GET /v1)", "type": "invalid_request_error",
                "param": None, "code": None,
            },
            None,
        ),
        (
            errors.FieldInvalid("n", "at most 128"), 400,
            {
                "message": "'n' must be at most 128.", "type": "invalid_request_error",
                "param": "n", "code": "invalid_value",
            },
            None,
        ),
        (
            errors.UpstreamObjected(422, message="Too {long}.", kind="k", param="messages", code="c"), 422,
            {"message": "Too {long}.", "type": "k", "param": "messages", "code": "c"}, None,
        ),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_openai_s_shape(
    refusal: errors.CallRefused, status: int, error: dict[str, object], wait: int | None
) -> None:
    assert told(refusal) == (status, error, wait)


@pytest.mark.parametrize(
    ("reason", "status", "code", "wait"),
    [
        ("unknown_key", 401, "invalid_api_key", None),
        ("key_disabled", 401, "api_key_disabled", None),
        ("key_expired", 401, "api_key_expired", None),
        ("account_frozen", 403, "account_frozen", None),
        ("model_unknown", 404, "model_not_found", None),
        ("paid_model", 402, "insufficient_quota", None),
        ("insufficient_credit", 402, "insufficient_quota", None),
        ("too_many_open_calls", 429, "too_many_open_calls", 2),
        ("key_network", 403, "key_network", None),
        ("key_model", 403, "key_model", None),
        ("key_total_limit", 402, "key_total_limit", None),
        ("key_monthly_limit", 429, "key_monthly_limit", None),
        ("key_daily_limit", 429, "key_daily_limit", None),
        ("key_rate_limit", 429, "rate_limit_exceeded", None),
        ("rate_limit", 429, "rate_limit_exceeded", None),
        ("daily_requests", 429, "daily_requests", None),
        ("daily_cap", 429, "daily_cap", None),
        ("weekly_cap", 429, "weekly_cap", None),
        ("monthly_budget", 429, "monthly_budget", None),
        ("busy", 429, "busy", 2),
    ],
)
def test_the_ledger_s_reasons_have_stable_codes(
    reason: str, status: int, code: str, wait: int | None
) -> None:
    told_status, error, told_wait = told(errors.LedgerRefused(reason, "gpt-9"))

    assert (told_status, error["code"], told_wait) == (status, code, wait)


@pytest.mark.parametrize(
    "reason",
    ["paid_model", "insufficient_credit", "rate_limit", "daily_requests", "daily_cap", "weekly_cap",
     "monthly_budget"],
)  # fmt: skip
def test_want_of_money_names_the_way_to_the_wallet(reason: str, settings: object) -> None:
    settings.PUBLIC_URL = "https://shop.example"  # type: ignore[attr-defined]  # pytest-django's fixture

    _status, error, _wait = told(errors.LedgerRefused(reason, "gpt-9"))

    assert "https://shop.example/wallet" in str(error["message"])


def test_a_long_name_is_repeated_in_part() -> None:
    _status, error, _wait = told(errors.ModelUnknown("x" * 5000))

    assert len(str(error["message"])) < 300


def test_what_nobody_foresaw_says_nothing_of_itself() -> None:
    status, error, _wait = told(ValueError("sk-secret in here"))

    assert (status, error["code"]) == (500, "internal_error")
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (errors.BodyUnreadable(), "invalid_request_error"),
        (errors.KeyMissing(), "authentication_error"),
        (errors.LedgerRefused("insufficient_credit", "gpt-9"), "billing_error"),
        (errors.LedgerRefused("account_frozen", "gpt-9"), "permission_error"),
        (errors.ModelUnknown("gpt-9"), "not_found_error"),
        (errors.BodyTooLarge(10), "request_too_large"),
        (errors.LedgerRefused("too_many_open_calls", "gpt-9"), "rate_limit_error"),
        (errors.EndpointNotOffered("/v1/responses"), "invalid_request_error"),
        (errors.NotReady(), "overloaded_error"),
        (errors.UpstreamTooSlow(), "timeout_error"),
        (errors.AnswerBroken(), "api_error"),
        (RuntimeError(), "api_error"),
    ],
    ids=repr,
)
def test_a_refusal_is_told_in_anthropic_s_shape(refusal: BaseException, kind: str) -> None:
    answer = error_table.answer_to(refusal)

    body = orjson.loads(error_shapes.body(answer, Protocol.ANTHROPIC, REQUEST_ID))

    assert body == {
        "type": "error",
        "error": {"type": kind, "message": answer.message, "code": answer.code},
        "request_id": str(REQUEST_ID),
    }


def test_a_stream_ends_with_an_event_of_its_own_protocol() -> None:
    answer = error_table.answer_to(errors.AnswerBroken())

    ours, theirs = (error_shapes.frame(answer, protocol, REQUEST_ID) for protocol in Protocol)

    assert ours.startswith(b'data: {"error":{')
    assert theirs.startswith(b'event: error\ndata: {"type":"error"')
    assert ours.endswith(b"\n\n")
    assert theirs.endswith(b"\n\n")
