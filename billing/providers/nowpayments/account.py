"""Our account at NowPayments, as its dashboard has it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from billing.providers.facts import Mode

LIVE_URL = "https://api.nowpayments.io"
SANDBOX_URL = "https://api-sandbox.nowpayments.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who signs in to the dashboard; both words are case-sensitive there."""

    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The keys of one environment, and how it is set up.

    Nothing in a key tells its environment, so `mode` has to. All `ipn_secrets` are accepted, so that one can
    follow another; an empty one never is. Without an `ipn_url` nothing is told by itself. The smallest amount
    of a coin depends on the `payout_coin`, and on both switches. A fixed rate is good for 20 minutes; a buyer
    who pays the fees gets one.
    """

    api_key: str = field(repr=False)
    ipn_secrets: tuple[str, ...] = field(repr=False)
    mode: Mode
    payout_coin: str
    ipn_url: str = ""
    is_fixed_rate: bool = False
    is_fee_paid_by_user: bool = False
    login: Login | None = None

    def __post_init__(self) -> None:
        """Refuse what could not take a payment; spaces around a copied key are nobody's."""
        if not self.api_key.strip():
            raise ValueError("The API key of NowPayments is empty.")
        if self.mode is Mode.UNKNOWN:
            raise ValueError("An account at NowPayments is a live one or a test one.")
        if not self.payout_coin:
            raise ValueError("An account at NowPayments is paid out in some coin.")
        object.__setattr__(self, "api_key", self.api_key.strip())
        secrets = (secret.strip() for secret in self.ipn_secrets)
        object.__setattr__(self, "ipn_secrets", tuple(secret for secret in secrets if secret))

    def fitting(self, base_url: str) -> str:
        """Return where to ask: ``base_url``, or NowPayments itself when that is empty.

        Raises ValueError for the address of the other environment.
        """
        own, other = (LIVE_URL, SANDBOX_URL) if self.mode is Mode.LIVE else (SANDBOX_URL, LIVE_URL)
        if urlsplit(base_url).hostname == urlsplit(other).hostname:
            raise ValueError(f"This account is a {self.mode} one: it does not belong to {other}.")
        return base_url or own
