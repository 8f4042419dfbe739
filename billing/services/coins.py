"""The coins that can be paid with: asked for every few minutes, so that no page waits for the provider."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from billing import coin_account
from billing.models import Coin, Order
from billing.providers.errors import ProviderRefused, ProviderUnavailable
from billing.providers.nowpayments import answers
from billing.services import wiring

# The smallest amounts move by the minute; a list that is older than this is not shown any more.
GOOD_FOR = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class OfferedCoin:
    """A coin as a buyer chooses it, and whether the order's price can be paid with it."""

    coin: Coin
    is_possible: bool


def refresh() -> None:
    """Ask which coins are taken now and how little of each, and keep the answer.

    A coin for which the provider names none at this moment is left out. Once it stops answering, the other
    coins stay with what was known of them. Nothing is changed when the list itself does not come, and
    ProviderError is raised.
    """
    if not coin_account.is_named():
        return
    taken = wiring.nowpayments().coins()
    least = _least_cents([coin.code for coin in taken])
    _keep([_row(coin, place, least[coin.code]) for place, coin in enumerate(taken) if coin.code in least])


def offered(order: Order) -> list[OfferedCoin]:
    """Return the coins that ``order`` can be paid with now, with those for which its price is too small.

    When the list is too old, the provider is asked; raises ProviderError when it does not answer.
    """
    if not _fresh():
        refresh()
    return [OfferedCoin(coin, _is_possible(coin, order)) for coin in _fresh()]


def _fresh() -> list[Coin]:
    return list(Coin.objects.filter(asked_at__gt=timezone.now() - GOOD_FOR))


def _is_possible(coin: Coin, order: Order) -> bool:
    return coin.least_cents is None or coin.least_cents <= order.price_cents


def _row(coin: answers.Coin, position: int, least_cents: int | None) -> Coin:
    return Coin(
        code=coin.code,
        name=coin.name,
        ticker=coin.ticker,
        network=coin.network,
        places=coin.places,
        needs_memo=coin.needs_memo,
        least_cents=least_cents,
        position=position,
        asked_at=timezone.now(),
    )


def _least_cents(codes: list[str]) -> dict[str, int | None]:
    """Return the smallest amount of each coin; a buyer may wait for it, so silence is met only once."""
    least = dict.fromkeys(codes) | dict(Coin.objects.values_list("code", "least_cents"))
    for code in codes:
        try:
            least[code] = wiring.nowpayments().get_minimum(code).worth_cents
        except ProviderRefused:
            del least[code]
        except ProviderUnavailable:
            break
    return least


@transaction.atomic
def _keep(rows: list[Coin]) -> None:
    Coin.objects.exclude(code__in=[row.code for row in rows]).delete()
    changing = ["name", "ticker", "network", "places", "needs_memo", "least_cents", "position", "asked_at"]
    Coin.objects.bulk_create(rows, update_conflicts=True, unique_fields=["code"], update_fields=changing)
