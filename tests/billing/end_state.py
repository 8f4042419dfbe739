"""What purchases leave in every table that they write, without times, counters and ids of ours."""

import re
from collections.abc import Callable
from typing import Any

import orjson
from django.db.models import Model

from accounts.models import ApiKey
from billing.models import InboxEvent, Order, OrderMail, Payment, Refund, Review
from ledger.models import Account, Entry, Lot, Posting
from redemption.models import Code

BOTH = ("refund", "dispute")
Marks = dict[type[Model], int]

TOLD_AS: dict[type[Model], Callable[[Any], list[Any]]] = {
    Order: lambda row: [
        row.reference, row.state, row.result, row.provider_order_id, row.is_paid,
        row.deliver_at is None, row.ask_at is None, row.sealed_secret is not None,
    ],
    Payment: lambda row: [
        row.provider, row.transaction_id, row.order.reference, row.customer_id,
        row.amount_cents, row.tax_cents, row.paid_cents, row.refunded_cents, row.currency,
    ],
    Refund: lambda row: [
        row.kind, row.origin, row.state, row.amount_cents, row.credit_nano_usd, row.withheld_nano_usd,
        row.taken_nano_usd, row.code_nano_usd, row.debt_nano_usd, row.stopped_key, row.froze_account,
    ],
    Review: lambda row: [row.reason, row.subject, row.order and row.order.reference],
    OrderMail: lambda row: [row.order.reference, row.kind, re.sub(r"\d+", "1", row.occasion)],
    InboxEvent: lambda row: [
        "" if row.kind == "unreadable" else row.event_id, row.kind, row.handle_at is None,
    ],
    Entry: lambda row: [re.sub(r"\d+", "1", row.reference), row.kind],
    Posting: lambda row: [row.source, row.destination, row.amount_nano_usd],
    Lot: lambda row: [row.amount_nano_usd, str(row.paid_amount), row.paid_currency],
    Account: lambda row: [
        row.wallet_balance_nano_usd, row.wallet_held_nano_usd, row.main_balance_nano_usd,
    ],
    ApiKey: lambda row: [row.state],
    Code: lambda row: [row.state, row.value_nano_usd],
}  # fmt: skip


def marks() -> Marks:
    """Return where each table ends now."""
    newest = {table: table._default_manager.order_by("-pk").first() for table in TOLD_AS}
    return {table: row.pk if row else 0 for table, row in newest.items()}


def since(before: Marks, tag: str) -> dict[str, list[Any]]:
    """Return all that was written since ``before``, where ``tag`` makes the ids of the purchase its own."""
    rows = {
        table.__name__: sorted(
            map(TOLD_AS[table], table._default_manager.filter(pk__gt=last)), key=orjson.dumps
        )
        for table, last in before.items()
    }
    text = orjson.dumps(rows).decode().replace(tag, "#")
    if "tran_second" in str(rows["Payment"]):
        text = _with_the_second_as_the_first(text)
    state: dict[str, list[Any]] = orjson.loads(text)
    return _with_one_word_for_what_went_back(state)


def _with_one_word_for_what_went_back(state: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Let it not matter whether a refund or a dispute took all there was: nothing was left for the other."""
    if len([review for review in state["Review"] if review[0] == "taken_back"]) < len(BOTH):
        return state
    for refund in state["Refund"]:
        refund[0], refund[-1] = "/".join(BOTH), None
    for mail in state["OrderMail"]:
        mail[1] = "/".join(BOTH) if mail[1] in BOTH else mail[1]
    state["OrderMail"].sort()
    return state


def _with_the_second_as_the_first(text: str) -> str:
    """Swap the names of two transactions that both fit: either may be the one that pays."""
    other = {"paid": "second", "second": "paid"}
    return re.sub("(tran|ord)_(paid|second)_#", lambda found: f"{found[1]}_{other[found[2]]}_#", text)
