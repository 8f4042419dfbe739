"""API keys as their owner sees them: what each has spent of what it may, and what else it may do."""

from typing import NamedTuple

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User
from accounts.services import customers
from ledger.money import NanoUSD
from ledger.services import key_limits
from ledger.services.key_limits import KeyLimits

METER_WIDTH = 1000


class Window(NamedTuple):
    """What a key has spent in some time, and how much it may; without a limit there is no end to it."""

    label: Promise
    spent: NanoUSD
    limit: NanoUSD | None
    alert_percent: int | None

    @property
    def is_limited(self) -> bool:
        """Tell whether there is a limit."""
        return self.limit is not None

    @property
    def percent(self) -> int:
        """Return how much of the limit is spent; a limit of nothing is spent from the beginning."""
        if self.limit is None:
            return 0
        return min(100, 100 * self.spent // self.limit) if self.limit else 100

    @property
    def width(self) -> int:
        """Return how far the meter is filled, in thousandths; what is spent at all can be seen."""
        if not self.limit:
            return METER_WIDTH if self.limit == 0 else 0
        return min(METER_WIDTH, -(-METER_WIDTH * self.spent // self.limit))

    @property
    def is_reached(self) -> bool:
        """Tell whether nothing is left of the limit."""
        return self.limit is not None and self.spent >= self.limit

    @property
    def is_near(self) -> bool:
        """Tell whether so much is spent that the owner wants to know."""
        return self.is_limited and self.alert_percent is not None and self.percent >= self.alert_percent


class KeyLine(NamedTuple):
    """One API key as its owner sees it."""

    api_key: ApiKey
    limits: KeyLimits
    month: Window
    day: Window
    total: Window
    has_expired: bool

    @property
    def is_active(self) -> bool:
        """Tell whether the owner lets the key work."""
        return self.api_key.state == ApiKey.State.ACTIVE

    @property
    def windows(self) -> list[Window]:
        """Return what is worth telling: the month and all, with the day where it is limited."""
        return [self.month, *([self.day] if self.day.is_limited else []), self.total]

    @property
    def alert(self) -> Window | None:
        """Return the limit that is nearest to its end, if one is reached or near."""
        close = [window for window in self.windows if window.is_reached or window.is_near]
        return max(close, key=lambda window: window.percent, default=None)


def of_user(user: User) -> list[KeyLine]:
    """Return the keys of ``user``, newest first."""
    listed = customers.of_user(user).api_keys.listed().select_related("allowance")
    return [_line(api_key) for api_key in listed]


def _line(api_key: ApiKey) -> KeyLine:
    limits = key_limits.of(api_key.allowance)
    spent = key_limits.spending(api_key.allowance, today=timezone.localdate())
    alert = limits.alert_percent
    return KeyLine(
        api_key,
        limits,
        month=Window(_("This month"), spent.month, limits.monthly_limit_nano_usd, alert),
        day=Window(_("Today"), spent.day, limits.daily_limit_nano_usd, alert),
        total=Window(_("In all"), spent.total, limits.total_limit_nano_usd, alert),
        has_expired=api_key.expires_at is not None and api_key.expires_at <= timezone.now(),
    )
