"""Coins that the local NowPayments takes, and what they are worth: fixed, so that tests can count on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sandbox.nowpayments.errors import bad_request, unavailable

# Amounts of coins have eight places in all answers, also of coins that can be sent with fewer.
_PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """A coin on one network; `memo` is the pattern of the memos that its payments need, if they do.

    `least` is in US dollars and so is the rate `usd`; `fee` is taken from a deposit, in the coin itself.
    """

    code: str
    name: str
    ticker: str
    network: str
    usd: Decimal
    least: Decimal
    fee: Decimal
    precision: int = 8
    network_precision: int = 8
    memo: str | None = None
    smart_contract: str | None = None
    is_convertable: bool = True


D = Decimal
# fmt: off
COINS: Mapping[str, Coin] = {coin.code: coin for coin in (
    Coin(code="btc", name="Bitcoin", ticker="btc", network="btc",
         usd=D("75843"), least=D("12.9010644"), fee=D("0.000002")),
    Coin(code="eth", name="Ethereum", ticker="eth", network="eth", precision=18,
         usd=D("3045.93885217"), least=D("10.5"), fee=D("0.000083")),
    Coin(code="ltc", name="Litecoin", ticker="ltc", network="ltc",
         usd=D("84.5"), least=D("2.1"), fee=D("0.00012")),
    Coin(code="trx", name="Tron", ticker="trx", network="trx", precision=6, network_precision=6,
         usd=D("0.2931"), least=D("1.5"), fee=D("0.27")),
    Coin(code="xrp", name="Ripple", ticker="xrp", network="xrp", network_precision=6, memo="^([0-9]{1,19})$",
         usd=D("1.2912415027406"), least=D("11.2"), fee=D("0.12")),
    Coin(code="xlm", name="Stellar", ticker="xlm", network="xlm", network_precision=7, memo="^(.{1,28})$",
         usd=D("0.2214"), least=D("3.2"), fee=D("0.0000001")),
    Coin(code="usdttrc20", name="Tether USD (Tron)", ticker="usdt", network="trx", precision=6,
         smart_contract="TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
         usd=D("0.9942828734775"), least=D("11.6"), fee=D("0.133779")),
    Coin(code="usdterc20", name="Tether USD (Ethereum)", ticker="usdt", network="eth", precision=6,
         smart_contract="0xdac17f958d2ee523a2206206994597c13d831ec7",
         usd=D("0.9942828734775"), least=D("24.4"), fee=D("1.1")),
    Coin(code="usdtbsc", name="Tether USD (Binance Smart Chain)", ticker="usdt", network="bsc", precision=18,
         smart_contract="0x55d398326f99059fF775485246999027B3197955",
         usd=D("0.9985"), least=D("2.4"), fee=D("0.004169")),
    Coin(code="usdcsol", name="USD Coin (Solana)", ticker="usdc", network="sol",
         precision=6, network_precision=6, smart_contract="EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
         usd=D("1"), least=D("2.2"), fee=D("0.05")),
    Coin(code="luna", name="Terra", ticker="luna", network="luna", is_convertable=False,
         usd=D("0.09"), least=D("5"), fee=D("0.5")),
)}
# fmt: on

FIAT: Mapping[str, Decimal] = {
    "usd": Decimal(1),
    "eur": Decimal("1.08"),
    "cad": Decimal("0.73"),
    "gbp": Decimal("1.27"),
    "aud": Decimal("0.66"),
    "ils": Decimal("0.27"),
    "ron": Decimal("0.22"),
}


def found(code: str) -> Coin:
    """Return the coin of this code; raises ApiError."""
    if code not in COINS:
        raise unavailable(code)
    return COINS[code]


def converted(amount: Decimal, *, of: str, to: str) -> Decimal:
    """Return an amount of one currency in another; both may be coins or money. Raises ApiError."""
    for code in (of, to):
        if code in COINS and not COINS[code].is_convertable:
            raise bad_request(f"Currency {code} is not convertable to {to if code == of else of} now")
    return (amount * usd_of(of) / usd_of(to)).quantize(_PLACES, rounding=ROUND_HALF_UP)


def usd_of(code: str) -> Decimal:
    """Return what one of a currency is worth in US dollars; raises ApiError."""
    return FIAT[code] if code in FIAT else found(code).usd


def minimum(code: str, *, is_fixed_rate: bool, is_fee_paid_by_user: bool) -> Decimal:
    """Return the least that is taken in a coin; both switches make it more. Raises ApiError."""
    factor = Decimal("1.25") if is_fee_paid_by_user else Decimal("1.1") if is_fixed_rate else Decimal(1)
    return converted(found(code).least * factor, of="usd", to=code)
