"""The limits of a key, as a program meets them."""

import openai
import pytest
from pytest_django import Settings

from ledger.models import KeyAllowance, LanguageModel
from tests.factories import gateway as make
from tests.factories.gateway import FREE_MODEL, PAID_MODEL, Buyer
from tests.gateway.running import RunningGateway


def limit(buyer: Buyer, **limits: object) -> None:
    KeyAllowance.objects.filter(api_key=buyer.api_key).update(**limits)


@pytest.mark.parametrize(
    ("limits", "status", "kind", "code"),
    [
        ({"total_limit_nano_usd": 100}, 402, "insufficient_quota", "key_total_limit"),
        ({"monthly_limit_nano_usd": 100}, 429, "requests", "key_monthly_limit"),
        ({"daily_limit_nano_usd": 100}, 429, "requests", "key_daily_limit"),
        ({"allowed_models": [0]}, 403, "permission_error", "key_model"),
        ({"allowed_networks": ["10.0.0.0/8"]}, 403, "permission_error", "key_network"),
    ],
    ids=str,
)
def test_a_limit_is_told_with_what_to_do(
    gateway: RunningGateway, buyer: Buyer, settings: Settings,
    limits: dict[str, object], status: int, kind: str, code: str,
) -> None:  # fmt: skip
    limit(buyer, **limits)
    before = buyer.balance

    answer = gateway.chat(buyer.key)

    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (status, kind, code)
    assert f"{settings.PUBLIC_URL}/tokens" in error["message"]
    assert answer.headers["x-should-retry"] == "false"
    assert before == buyer.balance


def test_a_spending_limit_of_a_day_says_when_it_ends(gateway: RunningGateway, buyer: Buyer) -> None:
    limit(buyer, daily_limit_nano_usd=100)

    answer = gateway.chat(buyer.key)

    assert 0 < int(answer.headers["retry-after"]) <= 24 * 60 * 60


def test_requests_a_minute_are_counted_down_and_told(gateway: RunningGateway, buyer: Buyer) -> None:
    limit(buyer, requests_per_minute=2)

    answers = [gateway.chat(buyer.key) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    left = [answer.headers["x-ratelimit-remaining-requests"] for answer in answers]
    assert left == ["1", "0", "0"]
    assert {answer.headers["x-ratelimit-limit-requests"] for answer in answers} == {"2"}
    assert answers[2].json()["error"]["code"] == "rate_limit_exceeded"
    assert 0 < int(answers[2].headers["retry-after"]) <= 30
    assert "x-should-retry" not in answers[2].headers


def test_openai_s_library_waits_for_a_key_s_minute(gateway: RunningGateway, buyer: Buyer) -> None:
    limit(buyer, requests_per_minute=60 * 30)  # one comes back in a thirtieth of a second
    with openai.OpenAI(base_url=gateway.base_url, api_key=buyer.key, max_retries=2) as client:
        answers = [
            client.chat.completions.create(model=PAID_MODEL, messages=[{"role": "user", "content": "hi"}])
            for _ in range(3)
        ]

    assert [answer.choices[0].message.content for answer in answers] == ["hi"] * 3


def test_a_key_sees_only_the_models_that_it_may_use(gateway: RunningGateway, buyer: Buyer) -> None:
    limit(buyer, allowed_models=[LanguageModel.objects.get(name=FREE_MODEL).pk])

    listed = gateway.request("GET", "/models", buyer.key).json()["data"]

    assert [model["id"] for model in listed] == [FREE_MODEL]


@pytest.mark.parametrize(("proxies", "status"), [(0, 403), (1, 200)])
def test_of_what_a_proxy_says_only_a_trusted_one_is_believed(
    gateway: RunningGateway, buyer: Buyer, settings: Settings, proxies: int, status: int
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    limit(buyer, allowed_networks=["10.0.0.0/8"])

    answer = gateway.request(
        "POST", "/chat/completions", buyer.key,
        headers={"X-Forwarded-For": "127.0.0.1, 10.1.2.3"},
        data=b'{"model":"deepseek-chat","messages":[{"role":"user","content":"hi"}]}',
    )  # fmt: skip

    assert answer.status_code == status


def test_money_that_open_calls_have_set_aside_is_a_matter_of_waiting(
    gateway: RunningGateway, shop: None
) -> None:
    buyer = make.buyer(credit=200_000)

    with gateway.chat(buyer.key, "[[tokens:200]] [[pace_ms:20]]", stream=True, max_tokens=300) as slow:
        lines = slow.iter_lines()
        assert next(lines)
        refused = gateway.chat(buyer.key, max_tokens=400)

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "busy")
    assert refused.headers["retry-after"] == "2"
