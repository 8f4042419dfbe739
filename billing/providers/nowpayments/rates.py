"""What coins can be paid with, how little, and how much they are worth: all of it moves."""

from decimal import Decimal
from urllib.parse import quote

from billing.providers.entities import moment
from billing.providers.errors import ProviderUnavailable, Reason
from billing.providers.json_api import JsonApi
from billing.providers.nowpayments.account import Account
from billing.providers.nowpayments.answers import Coin, Minimum, Refreshed, read_coins, read_selected
from billing.providers.nowpayments.entities import amount


def price(cents: int) -> Decimal:
    """Return hundredths as NowPayments wants to be told them."""
    return Decimal(cents) / 100


def coins(api: JsonApi) -> tuple[Coin, ...]:
    """Ask for the coins that are selected in the dashboard, then for what is known of all coins."""
    selected = read_selected(api.get("/v1/merchant/coins", {}))
    return read_coins(api.get("/v1/full-currencies", {}), selected=selected)


def minimum(api: JsonApi, account: Account, *, coin: str, currency: str) -> Minimum:
    """Ask for the least that is taken in ``coin``, and what it is worth in ``currency``."""
    query = {
        "currency_from": coin,
        "currency_to": account.payout_coin,  # left out, the answer is another one, or an error
        "fiat_equivalent": currency.lower(),
        "is_fixed_rate": _word_for(is_so=account.is_fixed_rate),
        "is_fee_paid_by_user": _word_for(is_so=account.is_fee_paid_by_user),
    }
    answer = api.get("/v1/min-amount", query)
    least = amount(answer.get("min_amount"))
    if least is None:
        raise ProviderUnavailable(operation="GET /v1/min-amount", reason=Reason.GARBLED)
    return Minimum(coin=coin, amount=least, currency=currency, worth=amount(answer.get("fiat_equivalent")))


def estimate(api: JsonApi, *, amount_cents: int, currency: str, coin: str) -> Decimal:
    """Ask how much of ``coin`` an amount of money is."""
    wanted = f"{price(amount_cents):f}"
    query = {"amount": wanted, "currency_from": currency.lower(), "currency_to": coin}
    estimated = amount(api.get("/v1/estimate", query).get("estimated_amount"))
    if not estimated:
        raise ProviderUnavailable(operation="GET /v1/estimate", reason=Reason.GARBLED)
    return estimated


def refresh(api: JsonApi, payment_id: str) -> Refreshed:
    """Have the amount that a payment asks for follow the rate."""
    path = f"/v1/payment/{quote(payment_id, safe='')}/update-merchant-estimate"
    answer = api.post(path, {})
    asked = amount(answer.get("pay_amount"))
    if not asked:
        raise ProviderUnavailable(operation=f"POST {path}", reason=Reason.GARBLED)
    return Refreshed(asked=asked, estimate_until=moment(answer.get("expiration_estimate_date")))


def _word_for(*, is_so: bool) -> str:
    return "true" if is_so else "false"
