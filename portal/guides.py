"""What the guide says about refused calls: every code that a program may get, and what its owner can do."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class RefusalHelp(NamedTuple):
    """Refusals with one way out: their HTTP status, their stable codes, what they mean and what helps."""

    status: int
    codes: tuple[str, ...]
    meaning: Promise
    remedy: Promise


REFUSALS = (
    RefusalHelp(
        400,
        ("invalid_json", "invalid_value", "unsupported_value", "unsupported_by_upstream"),
        _("The call is written in a way that the API, or this model, does not know."),
        _("The message names the field: correct it or leave it out."),
    ),
    RefusalHelp(
        401,
        ("invalid_api_key",),
        _("There is no API key in the call, it is not complete, or it is not known here."),
        _("The message says which. Copy the key again, from “sk-” to its end."),
    ),
    RefusalHelp(
        401,
        ("api_key_disabled", "api_key_expired"),
        _("The key is ours, and its owner or its last day has stopped it."),
        _("Enable it on the page of API keys, or create another."),
    ),
    RefusalHelp(
        402,
        ("insufficient_quota",),
        _("There is no credit for this call. Models marked free need none."),
        _("Add credit; the very next call is answered."),
    ),
    RefusalHelp(
        402,
        ("key_total_limit",),
        _("The key has spent all that its owner lets it spend."),
        _("Raise its total limit on the page of API keys."),
    ),
    RefusalHelp(
        403,
        ("key_model", "key_network"),
        _("The key may not use this model, or not from this network."),
        _("Allow it on the page of API keys, or take another key."),
    ),
    RefusalHelp(
        403,
        ("account_frozen",),
        _("The account is frozen: its credit is kept, and no call is answered."),
        _("Please contact us."),
    ),
    RefusalHelp(
        404,
        ("model_not_found", "model_not_served"),
        _("There is no model of this name, or it does not answer calls of this kind."),
        _("Copy the name from the page of models and rates."),
    ),
    RefusalHelp(
        404,
        ("receipt_not_found",),
        _("This key made no call of this id."),
        _("Ask with the key that made the call, as soon as the call has ended."),
    ),
    RefusalHelp(
        413,
        ("body_too_large",),
        _("The call is longer than we read."),
        _("Send less at once: shorter texts, smaller pictures."),
    ),
    RefusalHelp(
        415,
        ("unsupported_encoding",),
        _("The call is compressed."),
        _("Send it as it is, without Content-Encoding."),
    ),
    RefusalHelp(
        429,
        ("rate_limit_exceeded", "too_many_open_calls", "busy"),
        _("Too many calls in a minute or at once."),
        _("Wait for as many seconds as Retry-After says. The official clients do it by themselves."),
    ),
    RefusalHelp(
        429,
        ("key_daily_limit", "key_monthly_limit"),
        _("The key has spent what it may spend in this day or month."),
        _("Wait until Retry-After is over, or raise the limit on the page of API keys."),
    ),
    RefusalHelp(
        429,
        ("daily_requests", "daily_cap", "weekly_cap", "monthly_budget"),
        _("The account has used what it may in this day, this week or this period of its plan."),
        _("Wait until Retry-After is over, or add credit to the wallet, which then pays."),
    ),
    RefusalHelp(
        500,
        ("internal_error",),
        _("Something broke on our side, and we have a record of it."),
        _("Try again. If it stays, tell us the request id."),
    ),
    RefusalHelp(
        501,
        ("not_offered",),
        _("This part of the API has no price here yet."),
        _("Chat, messages and embeddings are open."),
    ),
    RefusalHelp(
        502,
        ("upstream_unavailable", "upstream_failed"),
        _("The model did not answer, or its answer broke off."),
        _("Try again. Without an answer nothing is charged; of a stream, what had come."),
    ),
    RefusalHelp(
        503,
        ("temporarily_unavailable", "upstream_busy", "interrupted"),
        _("We, or the model, cannot take the call right now."),
        _("Try again in a moment. The official clients do it by themselves."),
    ),
    RefusalHelp(
        504,
        ("upstream_timeout",),
        _("The model took too long."),
        _("Ask for a shorter answer, or stream it, so that it comes word by word."),
    ),
)
