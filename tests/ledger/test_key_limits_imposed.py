"""What limits a key may be given, how they are kept, and how much of them is used."""

from datetime import date
from typing import Any

import pytest

from accounts.errors import KeyNotFound
from accounts.models import ApiKey
from accounts.services import api_keys
from ledger.errors import (
    LedgerError,
    LimitOutOfRange,
    ModelNotKnown,
    NotANetwork,
    NothingAllowed,
    TooManyNetworks,
)
from ledger.models import KeyAllowance, LanguageModel
from ledger.money import NanoUSD
from ledger.services import key_limits, spending_keys
from ledger.services.key_limits import KeyLimits
from tests.factories import ledger as make

pytestmark = pytest.mark.django_db

DOLLAR = NanoUSD(1_000_000_000)


@pytest.fixture
def api_key() -> ApiKey:
    return make.spender().api_key


def kept(api_key: ApiKey) -> KeyLimits:
    return key_limits.of(KeyAllowance.objects.get(api_key=api_key))


def test_a_key_keeps_every_limit_it_is_given(api_key: ApiKey, model: LanguageModel) -> None:
    limits = KeyLimits(
        total_limit_nano_usd=NanoUSD(3 * DOLLAR),
        monthly_limit_nano_usd=NanoUSD(2 * DOLLAR),
        daily_limit_nano_usd=DOLLAR,
        requests_per_minute=60,
        allowed_models=(model.pk,),
        allowed_networks=("203.0.113.0/24", "2001:db8::/32"),
        alert_percent=80,
    )

    key_limits.impose(api_key, limits)

    assert kept(api_key) == limits


def test_new_limits_take_the_place_of_all_old_ones(api_key: ApiKey, model: LanguageModel) -> None:
    key_limits.impose(api_key, KeyLimits(total_limit_nano_usd=DOLLAR, allowed_models=(model.pk,)))

    key_limits.impose(api_key, KeyLimits(requests_per_minute=5))

    assert kept(api_key) == KeyLimits(requests_per_minute=5)


def test_a_key_without_limits_has_none(api_key: ApiKey) -> None:
    assert kept(api_key) == KeyLimits()


@pytest.mark.parametrize(
    ("typed", "kept_as"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        (" 203.0.113.7/24 ", "203.0.113.0/24"),
        ("10.1.2.3/255.0.0.0", "10.0.0.0/8"),
        ("2001:DB8:0::1", "2001:db8::1/128"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_is_kept_in_its_plain_form(api_key: ApiKey, typed: str, kept_as: str) -> None:
    key_limits.impose(api_key, KeyLimits(allowed_networks=(typed,)))

    assert kept(api_key).allowed_networks == (kept_as,)


def test_what_is_named_twice_is_kept_once(api_key: ApiKey, model: LanguageModel) -> None:
    key_limits.impose(
        api_key,
        KeyLimits(allowed_models=(model.pk, model.pk), allowed_networks=("10.0.0.0/8", "10.1.1.1/8")),
    )

    assert kept(api_key) == KeyLimits(allowed_models=(model.pk,), allowed_networks=("10.0.0.0/8",))


@pytest.mark.parametrize(
    "text", ["", "home", "203.0.113.256", "203.0.113.0/33", "fe80::1%eth0", "1.2.3.4 5.6.7.8"]
)
def test_what_is_no_network_is_refused_and_named(api_key: ApiKey, text: str) -> None:
    with pytest.raises(NotANetwork) as refusal:
        key_limits.impose(api_key, KeyLimits(allowed_networks=(text,)))

    assert refusal.value.text == text


@pytest.mark.parametrize(
    ("limits", "refusal"),
    [
        ({"total_limit_nano_usd": -1}, LimitOutOfRange),
        ({"monthly_limit_nano_usd": -1}, LimitOutOfRange),
        ({"daily_limit_nano_usd": 10**18 + 1}, LimitOutOfRange),
        ({"requests_per_minute": 0}, LimitOutOfRange),
        ({"requests_per_minute": 1_000_001}, LimitOutOfRange),
        ({"alert_percent": 0}, LimitOutOfRange),
        ({"alert_percent": 101}, LimitOutOfRange),
        ({"allowed_models": ()}, NothingAllowed),
        ({"allowed_networks": ()}, NothingAllowed),
        ({"allowed_models": (-1,)}, ModelNotKnown),
        ({"allowed_networks": tuple(f"10.0.0.{number}" for number in range(33))}, TooManyNetworks),
    ],
)
def test_a_limit_that_means_nothing_changes_nothing(
    api_key: ApiKey, limits: dict[str, Any], refusal: type[LedgerError]
) -> None:
    key_limits.impose(api_key, KeyLimits(daily_limit_nano_usd=DOLLAR))

    with pytest.raises(refusal):
        key_limits.impose(api_key, KeyLimits(**limits))

    assert kept(api_key) == KeyLimits(daily_limit_nano_usd=DOLLAR)


def test_a_limit_out_of_range_says_which_and_how_far(api_key: ApiKey) -> None:
    with pytest.raises(LimitOutOfRange) as refusal:
        key_limits.impose(api_key, KeyLimits(alert_percent=101))

    assert (refusal.value.field, refusal.value.least, refusal.value.most) == ("alert_percent", 1, 100)


def test_an_empty_list_says_which(api_key: ApiKey) -> None:
    with pytest.raises(NothingAllowed) as refusal:
        key_limits.impose(api_key, KeyLimits(allowed_models=()))

    assert refusal.value.field == "allowed_models"


def test_a_model_that_is_not_offered_any_more_may_stay_allowed(api_key: ApiKey) -> None:
    gone = make.priced(is_offered=False)

    key_limits.impose(api_key, KeyLimits(allowed_models=(gone.pk,)))

    assert kept(api_key).allowed_models == (gone.pk,)


def test_limits_leave_what_was_spent_alone(api_key: ApiKey) -> None:
    allowance = KeyAllowance.objects.filter(api_key=api_key)
    allowance.update(spent_nano_usd=7, requests=3)

    key_limits.impose(api_key, KeyLimits(total_limit_nano_usd=NanoUSD(5)))

    assert allowance.values_list("spent_nano_usd", "requests").get() == (7, 3)


@pytest.mark.parametrize(
    ("today", "month", "day"),
    [
        (date(2027, 3, 14), 5, 2),
        (date(2027, 3, 15), 5, 0),
        (date(2027, 4, 1), 0, 0),
    ],
)
def test_a_window_that_is_over_counts_as_empty(today: date, month: int, day: int) -> None:
    allowance = KeyAllowance(
        spent_nano_usd=9,
        month=date(2027, 3, 1),
        month_spent_nano_usd=5,
        day=date(2027, 3, 14),
        day_spent_nano_usd=2,
    )

    assert key_limits.spending(allowance, today=today) == (9, month, day)


def test_a_key_can_be_made_with_its_limits(model: LanguageModel) -> None:
    account = make.funded()
    limits = KeyLimits(daily_limit_nano_usd=DOLLAR, allowed_models=(model.pk,))

    issued = spending_keys.create(account.customer, name="laptop", limits=limits)

    assert kept(issued.api_key) == limits


def test_a_key_whose_limits_mean_nothing_is_not_made() -> None:
    account = make.funded()

    with pytest.raises(NotANetwork):
        spending_keys.create(account.customer, name="laptop", limits=KeyLimits(allowed_networks=("home",)))

    assert not ApiKey.objects.exists()


def test_all_about_a_key_is_changed_at_once(api_key: ApiKey) -> None:
    spending_keys.change(api_key, name="phone", expires_at=None, limits=KeyLimits(requests_per_minute=5))

    api_key.refresh_from_db()
    assert (api_key.name, kept(api_key)) == ("phone", KeyLimits(requests_per_minute=5))


def test_a_change_that_is_refused_changes_nothing(api_key: ApiKey) -> None:
    with pytest.raises(LimitOutOfRange):
        spending_keys.change(api_key, name="phone", expires_at=None, limits=KeyLimits(alert_percent=0))

    api_key.refresh_from_db()
    assert api_key.name == "test"


def test_a_key_that_was_deleted_meanwhile_keeps_its_limits(api_key: ApiKey) -> None:
    api_keys.revoke(api_key)

    with pytest.raises(KeyNotFound):
        spending_keys.change(api_key, name="phone", expires_at=None, limits=KeyLimits(requests_per_minute=5))

    assert kept(api_key) == KeyLimits()
