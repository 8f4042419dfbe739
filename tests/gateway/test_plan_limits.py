"""A plan and its limits, as the official libraries meet them: who pays, and how long a refusal lasts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import anthropic
import openai
import pytest
from django.utils import timezone
from pytest_django import Settings

from ledger.models import AccountAllowance, UsageRecord
from ledger.services import periods
from tests.factories import gateway as make
from tests.factories import periods as plan
from tests.factories.gateway import FREE_MODEL, PAID_MODEL, Buyer
from tests.gateway.running import RunningGateway

DAY = timedelta(days=1)
# 200 tokens of output, far more than the small pools of these plans pay.
LONG = "[[tokens:200]]"

Ask = Callable[..., str]


class Refusal(NamedTuple):
    """What a library tells its program: the status, our code, and the wait that it would keep."""

    status: int
    code: str
    wait: str | None


def openai_s(gateway: RunningGateway, key: str) -> Ask:
    def ask(text: str = "hi", model: str = PAID_MODEL) -> str:
        with openai.OpenAI(base_url=gateway.base_url, api_key=key, max_retries=0) as client:
            answer = client.chat.completions.create(
                model=model, max_tokens=300, messages=[{"role": "user", "content": text}]
            )
        return answer.choices[0].message.content or ""

    return ask


def anthropic_s(gateway: RunningGateway, key: str) -> Ask:
    def ask(text: str = "hi", model: str = PAID_MODEL) -> str:
        url = gateway.base_url.removesuffix("/v1")
        with anthropic.Anthropic(base_url=url, api_key=key, max_retries=0) as client:
            answer = client.messages.create(
                model=model, max_tokens=300, messages=[{"role": "user", "content": text}]
            )
        return "".join(block.text for block in answer.content if block.type == "text")

    return ask


BOTH_LIBRARIES = pytest.mark.parametrize("library", [openai_s, anthropic_s], ids=["openai", "anthropic"])
Library = Callable[[RunningGateway, str], Ask]


def refused(ask: Ask, **facts: str) -> Refusal:
    with pytest.raises((openai.APIStatusError, anthropic.APIStatusError)) as caught:
        ask(**facts)
    refusal: Any = caught.value  # two classes of the same shape
    answer = refusal.response
    return Refusal(answer.status_code, answer.json()["error"]["code"], answer.headers.get("retry-after"))


def subscriber(*, wallet: int = 0, **facts: Any) -> Buyer:
    """Return a buyer whose plan began a day ago."""
    buyer = make.buyer(credit=wallet)
    plan.run(buyer.account, starts_at=timezone.now() - DAY, **{"main": 10**9, **facts})
    return buyer


def is_until(end: datetime, wait: str | None) -> bool:
    """Tell whether somebody who waits that long meets the end, give or take the seconds of this test."""
    return abs(int(wait or 0) - (end - timezone.now()).total_seconds()) < 20


def tomorrow() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + DAY


def next_monday() -> datetime:
    return tomorrow() + (6 - timezone.localtime().weekday()) * DAY


def end_of_the_period() -> datetime:
    ends_at = AccountAllowance.objects.get(period_number=1).period_ends_at
    assert ends_at is not None
    return ends_at


@BOTH_LIBRARIES
def test_main_pays_first_then_backup_then_the_wallet(gateway: RunningGateway, library: Library) -> None:
    buyer = subscriber(main=30_000, backup=40_000, wallet=10**9)
    ask = library(gateway, buyer.key)

    ask(LONG)
    ask(LONG)

    paid = UsageRecord.objects.order_by("at").values_list("main_nano_usd", "backup_nano_usd")
    assert list(paid) == [(30_000, 40_000), (0, 0)]
    assert all(UsageRecord.objects.values_list("wallet_nano_usd", flat=True))


@BOTH_LIBRARIES
def test_a_plan_that_has_enough_spares_the_wallet(gateway: RunningGateway, library: Library) -> None:
    buyer = subscriber(wallet=10**9)

    library(gateway, buyer.key)(LONG)

    line = UsageRecord.objects.get()
    assert (line.main_nano_usd, line.wallet_nano_usd) == (line.cost_nano_usd, 0)


@BOTH_LIBRARIES
@pytest.mark.parametrize(
    ("limit", "code", "end"),
    [
        ("daily_cap_nano_usd", "daily_cap", tomorrow),
        ("weekly_cap_nano_usd", "weekly_cap", next_monday),
        ("budget_nano_usd", "monthly_budget", end_of_the_period),
    ],
)
def test_a_limit_of_a_plan_is_told_with_its_end(
    gateway: RunningGateway, library: Library, limit: str, code: str, end: Callable[[], datetime]
) -> None:
    ask = library(gateway, subscriber(**{limit: 100}).key)

    refusal = refused(ask)

    assert refusal[:2] == (429, code)
    assert is_until(end(), refusal.wait)


@BOTH_LIBRARIES
@pytest.mark.parametrize("limit", ["daily_cap_nano_usd", "weekly_cap_nano_usd", "budget_nano_usd"])
def test_beyond_a_limit_the_wallet_pays_unless_its_owner_has_switched_it_off(
    gateway: RunningGateway, library: Library, limit: str
) -> None:
    buyer = subscriber(wallet=10**9, **{limit: 100})
    ask = library(gateway, buyer.key)

    ask()
    periods.switch_wallet(buyer.account, is_on=False)

    assert UsageRecord.objects.get().wallet_nano_usd > 0
    assert refused(ask).status == 429


@BOTH_LIBRARIES
def test_requests_a_minute_are_told_with_the_moment_of_the_next(
    gateway: RunningGateway, library: Library
) -> None:
    ask = library(gateway, subscriber(requests_per_minute=2).key)
    ask()
    ask()

    refusal = refused(ask)

    assert refusal[:2] == (429, "rate_limit_exceeded")
    assert 0 < int(refusal.wait or 0) <= 30


@BOTH_LIBRARIES
def test_a_wallet_lifts_the_limit_of_requests_a_minute(gateway: RunningGateway, library: Library) -> None:
    ask = library(gateway, subscriber(requests_per_minute=1, wallet=10**9).key)

    assert [ask(), ask(), ask()] == ["hi"] * 3


@BOTH_LIBRARIES
def test_a_model_outside_the_plan_needs_the_wallet(gateway: RunningGateway, library: Library) -> None:
    without = library(gateway, subscriber(all_models=False).key)
    with_wallet = library(gateway, subscriber(all_models=False, wallet=10**9).key)

    assert refused(without) == (402, "insufficient_quota", None)
    assert with_wallet() == "hi"
    line = UsageRecord.objects.get()
    assert (line.main_nano_usd, line.wallet_nano_usd) == (0, line.cost_nano_usd)


@BOTH_LIBRARIES
def test_a_plan_that_is_used_up_asks_for_credit(gateway: RunningGateway, library: Library) -> None:
    ask = library(gateway, subscriber(main=100).key)

    assert refused(ask) == (402, "insufficient_quota", None)


@BOTH_LIBRARIES
def test_who_has_neither_plan_nor_credit_has_free_models_once_a_minute(
    gateway: RunningGateway, library: Library
) -> None:
    ask = library(gateway, make.buyer(credit=0).key)

    assert refused(ask) == (402, "insufficient_quota", None)
    assert ask(model=FREE_MODEL) == "hi"
    refusal = refused(ask, model=FREE_MODEL)
    assert refusal[:2] == (429, "rate_limit_exceeded")
    assert 30 < int(refusal.wait or 0) <= 60


@BOTH_LIBRARIES
def test_a_free_day_has_so_many_requests(
    gateway: RunningGateway, library: Library, settings: Settings
) -> None:
    settings.FREE_ALLOWANCE = {"open_calls": 16, "requests_per_minute": None, "requests_per_day": 2}
    ask = library(gateway, make.buyer(credit=0).key)
    ask(model=FREE_MODEL)
    ask(model=FREE_MODEL)

    refusal = refused(ask, model=FREE_MODEL)

    assert refusal[:2] == (429, "daily_requests")
    assert is_until(tomorrow(), refusal.wait)


@BOTH_LIBRARIES
@pytest.mark.parametrize("limit", ["daily_cap_nano_usd", "weekly_cap_nano_usd", "budget_nano_usd"])
def test_a_limit_that_only_an_open_call_meets_is_a_matter_of_moments(
    gateway: RunningGateway, library: Library, limit: str
) -> None:
    buyer = subscriber(**{limit: 200_000})

    with gateway.chat(buyer.key, "[[tokens:200]] [[pace_ms:20]]", stream=True, max_tokens=300) as slow:
        lines = slow.iter_lines()
        assert next(lines)
        refusal = refused(library(gateway, buyer.key))

    assert refusal == (429, "busy", "2")
