"""Payments in coins: which coins can be paid with, and the addresses and coins of each order."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.orders import Order

# Coins are counted with up to 18 places, and there are coins of which a USD buys billions.
COIN_DIGITS, COIN_PLACES = 40, 18
WORTH_DIGITS, WORTH_PLACES = 20, 8


class Coin(models.Model):
    """A coin on one network that can be paid with now, as the provider last said."""

    code = models.CharField(_("coin"), max_length=40, primary_key=True)
    name = models.CharField(_("name"), max_length=255)
    ticker = models.CharField(_("ticker"), max_length=255)
    network = models.CharField(_("network"), max_length=255, blank=True)
    # How many places behind the point can be sent; unknown when nobody said.
    places = models.PositiveSmallIntegerField(null=True)
    needs_memo = models.BooleanField(default=False)
    # The least that is taken, in US cents; unknown when nobody said.
    least_cents = models.PositiveIntegerField(_("smallest payment, in hundredths"), null=True)
    position = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("coin")
        verbose_name_plural = _("coins")
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.name


class DepositQuerySet(models.QuerySet["Deposit"]):
    """Questions about the coins of orders."""

    def open(self) -> "DepositQuerySet":
        """Return the addresses at which coins are waited for."""
        return self.filter(use=Deposit.Use.WAITED_FOR)

    def held(self) -> "DepositQuerySet":
        """Return the coins that have come and pay for nothing yet: whoever sent them decides."""
        return self.filter(use=Deposit.Use.HELD)


class Deposit(models.Model):
    """One payment at the provider: coins that are waited for at an address of its own, or that came there.

    Coins that are sent to an address once more, or in another coin, are a payment of their own: a child of
    the one that the address was made for.
    """

    class Use(models.TextChoices):
        """What has become of the coins."""

        WAITED_FOR = "waited_for", _("waited for")
        EMPTY = "empty", _("none came")
        HELD = "held", _("wait for the buyer's decision")
        PAID = "paid", _("paid the order")
        CREDITED = "credited", _("credited beside the order")
        REFUND_ASKED = "refund_asked", _("asked back by the buyer")
        RETURNED = "returned", _("went back")
        REVIEW = "review", _("sent to review")

    order = models.ForeignKey(Order, models.PROTECT, related_name="deposits", verbose_name=_("order"))
    payment_id = models.CharField(_("payment at the provider"), max_length=80, unique=True)
    parent_payment_id = models.CharField(_("sent to the address of"), max_length=80, blank=True)
    coin = models.CharField(_("coin"), max_length=40, blank=True)
    asked = models.DecimalField(_("asked for"), max_digits=COIN_DIGITS, decimal_places=COIN_PLACES, null=True)
    # What is asked for in as many places as can be sent, rounded up.
    to_send = models.DecimalField(max_digits=COIN_DIGITS, decimal_places=COIN_PLACES, null=True)
    arrived = models.DecimalField(_("arrived"), max_digits=COIN_DIGITS, decimal_places=COIN_PLACES, default=0)
    # What arrived, in the currency of the order: by the rate of the address, or as the provider stated it.
    worth = models.DecimalField(
        _("worth"), max_digits=WORTH_DIGITS, decimal_places=WORTH_PLACES, null=True, blank=True
    )
    address = models.CharField(max_length=255, blank=True, editable=False)
    memo = models.CharField(max_length=255, blank=True, editable=False)
    valid_until = models.DateTimeField(null=True, editable=False)
    # The provider's progress in our words; see `CoinState`.
    state = models.CharField(_("state"), max_length=12)
    use = models.CharField(_("use"), max_length=12, choices=Use.choices, default=Use.WAITED_FOR)
    credit_nano_usd = models.BigIntegerField(_("credit"), default=0)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    held_at = models.DateTimeField(_("arrived at"), null=True, editable=False)

    objects: ClassVar[models.Manager["Deposit"]] = DepositQuerySet.as_manager()

    class Meta:
        verbose_name = _("deposit of coins")
        verbose_name_plural = _("deposits of coins")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="deposit_use_is_known",
                condition=Q(
                    use__in=[
                        "waited_for", "empty", "held", "paid",
                        "credited", "refund_asked", "returned", "review",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="deposit_credited_brought_credit",
                condition=Q(use="credited", credit_nano_usd__gt=0)
                | (~Q(use="credited") & Q(credit_nano_usd=0)),
            ),
            models.CheckConstraint(
                name="deposit_that_counts_is_worth_something",
                condition=~Q(use__in=["held", "paid", "credited", "refund_asked"])
                | Q(worth__gt=0, arrived__gt=0),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.payment_id

    @property
    def in_words(self) -> str:
        """Return what arrived and what it is worth, for staff."""
        worth = f", worth {self.worth:.2f}" if self.worth is not None else ""
        return f"{self.arrived.normalize():f} {self.coin}{worth}"
