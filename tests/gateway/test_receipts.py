"""A receipt for every call, to the key that made it and to nobody else."""

import uuid

import pytest

from accounts.services import api_keys
from ledger.services import accounts, spending_keys
from tests.factories import gateway as make
from tests.factories.gateway import PAID_MODEL, Buyer
from tests.gateway.evidence import line_of
from tests.gateway.running import RunningGateway
from tests.sandbox.running import RunningSandbox


def receipt(gateway: RunningGateway, key: str, request_id: str) -> tuple[int, dict[str, object]]:
    answer = gateway.request("GET", f"/receipts/{request_id}", key)
    body = answer.json()
    assert isinstance(body, dict)
    return answer.status_code, body


def test_a_receipt_tells_what_a_call_used_and_cost(
    gateway: RunningGateway, sandbox: RunningSandbox, buyer: Buyer
) -> None:
    request_id = gateway.chat(buyer.key, "[[reasoning:3]] hello").headers["x-request-id"]
    line, usage = line_of(request_id), sandbox.last_call()["reported_usage"]

    status, told = receipt(gateway, buyer.key, request_id)

    assert status == 200
    assert told["reserved_at"] == line.reserved_at.isoformat()
    assert told["ended_at"] == line.at.isoformat()
    del told["reserved_at"], told["ended_at"]
    cost = f"{line.cost_nano_usd / 10**9:.9f}"
    assert told == {
        "object": "receipt",
        "request_id": request_id,
        "state": "complete",
        "model": PAID_MODEL,
        "tokens": {
            "input": usage["prompt_tokens"], "cached_input": 0, "cache_write": 0,
            "output": usage["completion_tokens"], "reasoning": 3,
        },
        "is_free": False,
        "is_estimated": False,
        "rate": {
            "version": 1,
            "usd_per_million": {
                "input": "0.450000000", "cached_input": "0.009000000",
                "cache_write": "0.450000000", "output": "0.450000000",
            },
        },
        "cost_usd": cost,
        "paid_usd": {"main": "0.000000000", "backup": "0.000000000", "wallet": cost},
        "held_usd": {"main": "0.000000000", "backup": "0.000000000", "wallet": "0.000000000"},
        "uncharged_usd": "0.000000000",
    }  # fmt: skip


def test_a_call_that_runs_has_a_receipt_of_what_is_held(gateway: RunningGateway, buyer: Buyer) -> None:
    with gateway.chat(buyer.key, "[[tokens:300]] [[pace_ms:20]]", stream=True) as answer:
        lines = answer.iter_lines()
        assert next(lines)
        _status, told = receipt(gateway, buyer.key, answer.headers["x-request-id"])

    assert (told["state"], told["cost_usd"], told["ended_at"]) == ("open", "0.000000000", None)
    assert told["held_usd"] != told["paid_usd"]


def test_a_frozen_account_may_read_its_receipts(gateway: RunningGateway, buyer: Buyer) -> None:
    request_id = gateway.chat(buyer.key).headers["x-request-id"]
    accounts.freeze(buyer.account)

    assert receipt(gateway, buyer.key, request_id)[0] == 200


def test_unknown_and_foreign_calls_are_one_answer(gateway: RunningGateway, buyer: Buyer) -> None:
    request_id = gateway.chat(buyer.key).headers["x-request-id"]
    sibling = spending_keys.create(buyer.account.customer, name="other").secret_text

    answers = [
        receipt(gateway, key, asked)
        for key, asked in [
            (buyer.key, str(uuid.uuid4())),
            (buyer.key, "nothing"),
            (make.buyer().key, request_id),
            (sibling, request_id),
        ]
    ]

    assert answers == [answers[0]] * 4
    assert answers[0][0] == 404


@pytest.mark.parametrize("key", ["", "disabled"])
def test_who_may_not_call_is_told_nothing(gateway: RunningGateway, buyer: Buyer, key: str) -> None:
    request_id = gateway.chat(buyer.key).headers["x-request-id"]
    api_keys.disable(buyer.api_key)

    status, told = receipt(gateway, key and buyer.key, request_id)

    assert status == 401
    assert "tokens" not in told
