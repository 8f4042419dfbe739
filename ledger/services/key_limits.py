"""Limits of keys: what an owner allows a key, and how much is used. `ledger_reserve` holds keys to them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import NamedTuple

from accounts.models import ApiKey
from ledger.errors import LimitOutOfRange, ModelNotKnown, NothingAllowed, TooManyNetworks
from ledger.models import KeyAllowance, LanguageModel
from ledger.models.accounts import FASTEST_RATE
from ledger.money import LARGEST_AMOUNT, NanoUSD
from ledger.services import networks

# Every call of the key reads all of them.
MOST_NETWORKS = 32


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What a key may do. None is no limit; the names are those of the columns."""

    total_limit_nano_usd: NanoUSD | None = None
    monthly_limit_nano_usd: NanoUSD | None = None
    daily_limit_nano_usd: NanoUSD | None = None
    requests_per_minute: int | None = None
    allowed_models: tuple[int, ...] | None = None
    allowed_networks: tuple[str, ...] | None = None
    # From so much of a limit on, the owner is told.
    alert_percent: int | None = None


class KeySpending(NamedTuple):
    """What the calls of a key have cost: altogether, in this month, and today."""

    total: NanoUSD
    month: NanoUSD
    day: NanoUSD


_RANGES = {
    "total_limit_nano_usd": (0, LARGEST_AMOUNT),
    "monthly_limit_nano_usd": (0, LARGEST_AMOUNT),
    "daily_limit_nano_usd": (0, LARGEST_AMOUNT),
    "requests_per_minute": (1, FASTEST_RATE),
    "alert_percent": (1, 100),
}


def of(allowance: KeyAllowance) -> KeyLimits:
    """Return the limits of a key."""
    models, allowed_from = allowance.allowed_models, allowance.allowed_networks
    return KeyLimits(
        total_limit_nano_usd=_amount(allowance.total_limit_nano_usd),
        monthly_limit_nano_usd=_amount(allowance.monthly_limit_nano_usd),
        daily_limit_nano_usd=_amount(allowance.daily_limit_nano_usd),
        requests_per_minute=allowance.requests_per_minute,
        allowed_models=None if models is None else tuple(models),
        allowed_networks=None if allowed_from is None else tuple(allowed_from),
        alert_percent=allowance.alert_percent,
    )


def spending(allowance: KeyAllowance, *, today: date) -> KeySpending:
    """Return what the key has spent; a window of the books that is over counts as empty."""
    is_this_month = allowance.month == today.replace(day=1)
    return KeySpending(
        total=NanoUSD(allowance.spent_nano_usd),
        month=NanoUSD(allowance.month_spent_nano_usd if is_this_month else 0),
        day=NanoUSD(allowance.day_spent_nano_usd if allowance.day == today else 0),
    )


def models_to_choose(limits: KeyLimits) -> list[tuple[int, str]]:
    """Return ids and names of the models on offer, and of those that ``limits`` allow already."""
    allowed = LanguageModel.objects.filter(pk__in=limits.allowed_models or ())
    known = LanguageModel.objects.offered() | allowed
    return list(known.order_by("name").values_list("pk", "name"))


def impose(api_key: ApiKey, limits: KeyLimits) -> None:
    """Hold ``api_key`` to ``limits``, in place of those before, from its next call on.

    What it has spent stays counted. Limits that mean nothing are refused, and then nothing has changed:
    LimitOutOfRange, NothingAllowed, ModelNotKnown, NotANetwork, TooManyNetworks.
    """
    KeyAllowance.objects.filter(api_key=api_key).update(**asdict(checked(limits)))


def checked(limits: KeyLimits) -> KeyLimits:
    """Return ``limits`` as the books keep them: each network in its plain form, and nothing twice."""
    for field, (least, most) in _RANGES.items():
        number = getattr(limits, field)
        if number is not None and not least <= number <= most:
            raise LimitOutOfRange(field, least=least, most=most)
    models, allowed_from = limits.allowed_models, limits.allowed_networks
    return replace(
        limits,
        allowed_models=None if models is None else _known_models(models),
        allowed_networks=None if allowed_from is None else plain_networks(allowed_from),
    )


def plain_networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Return networks as the books keep them; raises NotANetwork, NothingAllowed or TooManyNetworks."""
    plain = tuple(dict.fromkeys(networks.plain_network(text) for text in texts))
    if not plain:
        raise NothingAllowed("allowed_networks")
    if len(plain) > MOST_NETWORKS:
        raise TooManyNetworks(MOST_NETWORKS)
    return plain


def _known_models(model_ids: Iterable[int]) -> tuple[int, ...]:
    wanted = set(model_ids)
    if not wanted:
        raise NothingAllowed("allowed_models")
    # One that is not offered any more may stay: to drop the last of them would be to allow all.
    if LanguageModel.objects.filter(pk__in=wanted).count() < len(wanted):
        raise ModelNotKnown
    return tuple(sorted(wanted))


def _amount(amount: int | None) -> NanoUSD | None:
    return None if amount is None else NanoUSD(amount)
