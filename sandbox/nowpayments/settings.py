"""What the local NowPayments is started with, and what its merchant has chosen."""

from dataclasses import dataclass
from typing import Literal, get_args

from sandbox.nowpayments.coins import COINS

API_KEY = "SANDBOX-0000000-0000000-0000000"
IPN_SECRET = "ipn-sandbox"  # noqa: S105 - the sandbox's own, known to everybody
EMAIL, PASSWORD = "merchant@example.com", "sandbox"

Treatment = Literal["finished", "partially_paid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NowPaymentsSettings:
    """The one account of this NowPayments.

    With a `clock_scale` of 60 the sandbox waits a second where NowPayments waits a minute. A notification
    that is not received is sent `ipn_repeats` times again, every `ipn_interval_seconds`.
    """

    api_key: str = API_KEY
    ipn_secret: str = IPN_SECRET
    email: str = EMAIL
    password: str = PASSWORD
    payout_coin: str = "usdttrc20"
    clock_scale: float = 1
    ipn_repeats: int = 3
    ipn_interval_seconds: float = 60

    def __post_init__(self) -> None:
        """Refuse what NowPayments would never hand out."""
        if not self.api_key or not self.ipn_secret:
            raise ValueError("an API key and an IPN secret are not empty")
        if self.clock_scale <= 0:
            raise ValueError("a clock scale is above 0")
        if self.payout_coin not in COINS:
            raise ValueError(f"a payout coin is one of: {', '.join(COINS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the merchant has chosen in the dashboard.

    A second deposit at an address ends as `repeated_deposits`, whatever its amount; coins of another kind as
    `wrong_assets`, and nothing is told of them when that is ``manual``. Many notifications name no worth of
    what arrived: without `tells_worth` none does.
    """

    repeated_deposits: Treatment = "finished"
    wrong_assets: Treatment | Literal["manual"] = "finished"
    tells_worth: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be chosen."""
        treatments = get_args(Treatment)
        if self.repeated_deposits not in treatments or self.wrong_assets not in {*treatments, "manual"}:
            raise ValueError("deposits are finished or partially_paid, those of another coin also manual")
