"""What is credited for a plan that is left in the middle of its cycle: the arithmetic, exactly.

    time share   = elapsed time / 28 days, at most 1; so a week is a quarter of the cycle
    used share   = 0.75 x share of the main pool that is used + 0.25 x that of the backup pool
    consumed     = the largest of time share, used share, and a tenth
    credit       = the smaller of old price x (1 - consumed) and the difference of the two prices

The difference counts by its size, so that whoever takes a smaller plan is credited, too. Everything is a
fraction until the credit is rounded down to one nano-USD.
"""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from ledger.money import NANO_USD_PER_CREDIT, NanoUSD

CYCLE = timedelta(days=28)
MAIN_WEIGHT, BACKUP_WEIGHT = Fraction(3, 4), Fraction(1, 4)
LEAST_CONSUMED = Fraction(1, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """How much of a pool's refill of this cycle was used; of a plan without that pool, nothing is."""

    size: NanoUSD
    used: NanoUSD

    @property
    def share(self) -> Fraction:
        """Return the part that was used, between 0 and 1."""
        return min(Fraction(max(self.used, 0), self.size), Fraction(1)) if self.size > 0 else Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of one switch, each of which a buyer is shown before confirming."""

    old_price_cents: int
    new_price_cents: int
    elapsed: timedelta
    main: PoolUse
    backup: PoolUse

    @property
    def time_share(self) -> Fraction:
        """Return the part of the cycle that is over, between 0 and 1."""
        passed = Fraction(self.elapsed // timedelta(microseconds=1), CYCLE // timedelta(microseconds=1))
        return min(max(passed, Fraction(0)), Fraction(1))

    @property
    def used_share(self) -> Fraction:
        """Return the weighted part of both pools that was used."""
        return MAIN_WEIGHT * self.main.share + BACKUP_WEIGHT * self.backup.share

    @property
    def consumed(self) -> Fraction:
        """Return the part of the old plan that counts as consumed: never less than a tenth."""
        return max(self.time_share, self.used_share, LEAST_CONSUMED)

    @property
    def unused_value(self) -> NanoUSD:
        """Return what the unused part of the old plan cost, rounded down."""
        return NanoUSD(int(self.old_price_cents * NANO_USD_PER_CREDIT * (1 - self.consumed)))

    @property
    def price_difference(self) -> NanoUSD:
        """Return how far the two prices are apart, whichever is higher."""
        return NanoUSD(abs(self.new_price_cents - self.old_price_cents) * NANO_USD_PER_CREDIT)

    @property
    def credit(self) -> NanoUSD:
        """Return what the wallet is credited for leaving the old plan."""
        return min(self.unused_value, self.price_difference)
