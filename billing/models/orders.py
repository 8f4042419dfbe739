"""Orders: what was sold to whom, what became of it, and every step on the way."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import ApiKey, Customer
from billing.models.packages import Package
from billing.models.providers import Mode, Provider, provider_is_known
from redemption.models import Code


class OrderQuerySet(models.QuerySet["Order"]):
    """Questions about orders."""

    def of_customer(self, customer: Customer) -> "OrderQuerySet":
        """Return the orders of ``customer``, the newest first."""
        return self.filter(customer=customer).order_by("-pk")

    def to_ask_about(self) -> "OrderQuerySet":
        """Return the unpaid orders whose provider should be asked now, the longest waiting first."""
        return self.filter(state__in=Order.UNPAID, ask_at__lte=Now()).order_by("ask_at")

    def to_deliver(self) -> "OrderQuerySet":
        """Return the paid orders that nobody has delivered and whose next try is due."""
        return self.filter(
            state__in=[Order.State.PAID, Order.State.DELIVERING], deliver_at__lte=Now()
        ).order_by("deliver_at")

    def overdue(self, *, paid_before: datetime) -> "OrderQuerySet":
        """Return the orders paid so long ago that are not delivered."""
        return self.filter(deliver_at__isnull=False, paid_at__lt=paid_before).order_by("paid_at")

    def unreported(self) -> "OrderQuerySet":
        """Return the orders of which no review tells that they are not delivered."""
        return self.exclude(reviews__reason="not_delivered")


class Order(models.Model):
    """One sale. Its row is committed before a provider hears of it, and copies what was then sold.

    It has three ids. The primary key stays inside. `reference` is what providers, addresses and logs see,
    and opens nothing. The order number is the buyer's password for it: here only as a keyed hash to find it
    by, and sealed, to be shown to whoever holds the order.
    """

    class Kind(models.TextChoices):
        """What was sold: a package, credit for a chosen amount, work done by hand, or a plan."""

        PACKAGE = "package", _("package")
        CREDIT = "credit", _("credit")
        AGENT = "agent", _("agent top-up")
        PLAN = "plan", _("plan")

    class Delivery(models.TextChoices):
        """How it is delivered. AUTO: credit if logged in; a guest a key, or a code if no key can be made."""

        AUTO = "auto", _("wallet or key")
        CODE = "code", _("redemption code")
        MANUAL = "manual", _("by hand")
        PLAN = "plan", _("plan")

    class State(models.TextChoices):
        """How far the order got; never back from PAID. An EXPIRED or FAILED one may be opened again.

        REFUNDED is one that was paid and never delivered, as all of its money goes back; should that fail, it
        is PAID again. What was delivered stays DELIVERED, whatever goes back afterwards.
        """

        CREATED = "created", _("being opened")
        PENDING = "pending", _("waiting for payment")
        EXPIRED = "expired", _("not paid in time")
        FAILED = "failed", _("could not be opened")
        PAID = "paid", pgettext_lazy("an order", "paid")
        DELIVERING = "delivering", _("being delivered")
        DELIVERED = "delivered", _("delivered")
        REFUNDED = "refunded", _("refunded before delivery")

    class Result(models.TextChoices):
        """What was delivered."""

        KEY = "key", _("API key")
        CODE = "code", _("redemption code")
        WALLET = "wallet", _("credit in the wallet")
        MANUAL = "manual", _("done by hand")
        PLAN = "plan", _("plan")

    UNPAID = (State.CREATED, State.PENDING, State.EXPIRED, State.FAILED)

    reference = models.CharField(_("reference"), max_length=32, unique=True)
    number_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    number_pepper_version = models.PositiveSmallIntegerField(editable=False)
    sealed_number = models.BinaryField(editable=False)

    # A guest's order belongs to a customer without a user, until somebody claims it.
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="orders", verbose_name=_("customer"))
    # In lower case. Where its mails go; a buyer may type another one at the provider.
    email = models.EmailField(_("e-mail address"))
    language = models.CharField(_("language"), max_length=12, default="en")
    was_guest = models.BooleanField(_("bought as a guest"))

    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.PACKAGE)
    package = models.ForeignKey(
        Package, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("package")
    )
    plan = models.ForeignKey(
        "billing.Plan", models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("plan")
    )
    # A plan that goes on by itself: the provider charges each period, or we send an invoice before it.
    renews = models.BooleanField(_("renews"), default=False)
    # What it pays the next period of; empty for whatever was bought by hand.
    renewal_of = models.ForeignKey(
        "billing.Subscription",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="renewals",
        verbose_name=_("renewal of"),
    )
    title = models.CharField(_("sold as"), max_length=60)
    title_zh = models.CharField(_("sold as, in Chinese"), max_length=60)
    # Only of a package: nobody advertises tokens for an amount that a buyer chose.
    tokens = models.PositiveBigIntegerField(_("tokens advertised"), default=0)
    credit_nano_usd = models.BigIntegerField(_("credit"))
    delivery = models.CharField(_("delivery"), max_length=6, choices=Delivery.choices)

    provider = models.CharField(_("provider"), max_length=12, choices=Provider.choices)
    mode = models.CharField(_("mode"), max_length=4, choices=Mode.choices)
    # Empty where the provider keeps no products of ours.
    product_id = models.CharField(_("product at the provider"), max_length=80, blank=True)
    units = models.PositiveSmallIntegerField(_("units"), default=1)
    # What was quoted for all units, before any tax that the provider adds.
    price_cents = models.PositiveIntegerField(_("price, in hundredths"))
    currency = models.CharField(_("currency"), max_length=12)
    # The published rate that the order was written at: a later one changes nothing that was quoted. Empty
    # where none was published.
    units_per_usd = models.DecimalField(
        _("published rate"), max_digits=20, decimal_places=8, null=True, blank=True
    )

    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.CREATED)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    checkout_id = models.CharField(_("checkout at the provider"), max_length=80, blank=True)
    checkout_url = models.URLField(max_length=500, blank=True, editable=False)
    provider_order_id = models.CharField(_("order at the provider"), max_length=100, blank=True)
    # When the provider is to be asked again what became of the checkout; never, once that is settled.
    ask_at = models.DateTimeField(null=True, editable=False)

    paid_at = models.DateTimeField(pgettext_lazy("an order", "paid"), null=True, blank=True)
    # When delivery is to be tried, or tried again; never, once it is done.
    deliver_at = models.DateTimeField(null=True, editable=False)
    delivery_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    result = models.CharField(_("delivered as"), max_length=6, choices=Result.choices, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    api_key = models.ForeignKey(
        ApiKey, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("API key")
    )
    code = models.OneToOneField(
        Code, models.PROTECT, null=True, blank=True, related_name="order", verbose_name=_("code")
    )
    # A foreign key console's own id of the key, and the address that such a key works at; else empty.
    foreign_key_id = models.CharField(_("key at the console"), max_length=80, blank=True)
    foreign_base_url = models.URLField(_("Base URL of the console"), blank=True)
    # The key or the code, sealed, only as long as the page still shows it.
    sealed_secret = models.BinaryField(null=True, editable=False)
    # When the buyer said that the key is saved: from then on it cannot be shown.
    saved_at = models.DateTimeField(_("saved"), null=True, blank=True)
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)

    objects: ClassVar[models.Manager["Order"]] = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        permissions = [("ask_provider", _("Can ask the provider about an order, and deliver it again"))]
        indexes = [
            models.Index(fields=["customer", "-id"], name="orders_of_a_customer"),
            models.Index(fields=["email", "-id"], name="orders_of_an_email"),
            models.Index(fields=["provider_order_id"], name="orders_by_provider_order"),
            models.Index(fields=["checkout_id"], name="orders_by_checkout"),
            models.Index(fields=["ask_at"], name="orders_to_ask_about", condition=Q(ask_at__isnull=False)),
            models.Index(
                fields=["deliver_at"], name="orders_to_deliver", condition=Q(deliver_at__isnull=False)
            ),
        ]
        constraints = [
            provider_is_known("order"),
            models.UniqueConstraint(
                fields=["provider", "checkout_id"],
                name="one_order_per_checkout",
                condition=~Q(checkout_id=""),
            ),
            models.CheckConstraint(
                name="order_state_is_known",
                condition=Q(
                    state__in=[
                        "created",
                        "pending",
                        "expired",
                        "failed",
                        "paid",
                        "delivering",
                        "delivered",
                        "refunded",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="order_is_sold_for_something",
                condition=Q(price_cents__gt=0, units__gt=0)
                # The credit of a plan is that of its pools: see `SubscriptionPeriod`.
                & (
                    Q(kind__in=["agent", "plan"], credit_nano_usd=0)
                    | Q(kind__in=["package", "credit"], credit_nano_usd__gt=0)
                ),
            ),
            models.CheckConstraint(
                name="order_of_a_package_names_it",
                condition=Q(kind="package", package__isnull=False, tokens__gt=0)
                | (Q(kind__in=["credit", "agent", "plan"], package__isnull=True, tokens=0)),
            ),
            models.CheckConstraint(
                name="order_of_a_plan_is_delivered_as_one",
                condition=Q(kind="plan", plan__isnull=False, delivery="plan", was_guest=False)
                | (~Q(kind="plan") & Q(plan__isnull=True) & ~Q(delivery="plan")),
            ),
            models.CheckConstraint(
                name="order_that_renews_is_of_a_plan",
                condition=Q(kind="plan") | Q(renews=False, renewal_of__isnull=True),
            ),
            models.CheckConstraint(
                name="order_by_hand_is_of_an_agent",
                condition=Q(kind="agent", delivery="manual") | (~Q(kind="agent") & ~Q(delivery="manual")),
            ),
            models.CheckConstraint(
                name="order_is_paid_before_it_is_delivered",
                condition=~Q(state__in=["paid", "delivering", "delivered", "refunded"])
                | Q(paid_at__isnull=False),
            ),
            models.CheckConstraint(
                name="order_refunded_is_not_to_be_delivered",
                condition=~Q(state="refunded") | Q(deliver_at__isnull=True),
            ),
            models.CheckConstraint(
                name="order_delivered_is_delivered_as_something",
                condition=Q(
                    state="delivered",
                    delivered_at__isnull=False,
                    result__in=["key", "code", "wallet", "manual", "plan"],
                )
                | (~Q(state="delivered") & Q(delivered_at__isnull=True, result="")),
            ),
            models.CheckConstraint(
                name="order_delivered_as_a_code_has_one",
                condition=Q(result="code", code__isnull=False) | (~Q(result="code") & Q(code__isnull=True)),
            ),
            models.CheckConstraint(
                name="order_delivered_as_a_key_has_one",
                condition=~Q(result="key") | Q(api_key__isnull=False) | ~Q(foreign_key_id=""),
            ),
            models.CheckConstraint(
                name="order_shows_no_key_that_was_saved_or_claimed",
                condition=~Q(result="key")
                | Q(sealed_secret__isnull=True)
                # In an account, a key of ours can be replaced by another; one of a console cannot.
                | (Q(saved_at__isnull=True) & (Q(claimed_at__isnull=True) | Q(api_key__isnull=True))),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_paid(self) -> bool:
        """Tell whether money came for it."""
        return self.paid_at is not None


class OrderStep(models.Model):
    """One line in the story of an order, for its buyer's support and the operator. Names no secret."""

    class Kind(models.TextChoices):
        """What happened."""

        CREATED = "created", _("order created")
        CHECKOUT_OPENED = "checkout_opened", _("payment page opened")
        CHECKOUT_FAILED = "checkout_failed", _("payment page could not be opened")
        CHECKOUT_EXPIRED = "checkout_expired", _("payment page expired")
        COIN_CHOSEN = "coin_chosen", _("coin chosen")
        COINS_CAME = "coins_came", _("coins came")
        EVENT = "event", _("provider told us")
        ASKED = "asked", _("provider asked")
        PAID = "paid", pgettext_lazy("an order", "paid")
        TO_REVIEW = "to_review", _("sent to review")
        SUBMITTED = "submitted", _("buyer told of the transfer")
        DECIDED = "decided", _("transfer decided")
        LAPSED = "lapsed", _("transfer lapsed")
        JOB = "job", _("work by hand")
        KEY_FAILED = "key_failed", _("no key could be made")
        DELIVERED = "delivered", _("delivered")
        MAILED = "mailed", _("mail sent")
        OPENED = "opened", _("shown in a new browser")
        SAVED = "saved", _("buyer saved the key")
        ROLLED = "rolled", _("key rolled")
        CLAIMED = "claimed", _("claimed into an account")
        REFUND_MADE = "refund_made", _("refund begun")
        REFUND_ENDED = "refund_ended", _("refund ended")

    order = models.ForeignKey(Order, models.PROTECT, related_name="steps", verbose_name=_("order"))
    kind = models.CharField(_("what"), max_length=24, choices=Kind.choices)
    at = models.DateTimeField(_("when"), default=timezone.now, editable=False)
    detail = models.CharField(_("detail"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("step of an order")
        verbose_name_plural = _("steps of an order")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} of order {self.order_id}"


class OrderBrowser(models.Model):
    """A browser that has shown an order. The first showing in each is told to the buyer."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="browsers", verbose_name=_("order"))
    # A keyed hash of the random id in the browser's cookie.
    browser_hash = models.BinaryField(max_length=32, editable=False)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now, editable=False)
    # The one that checked out needs no mail about itself.
    is_buyers = models.BooleanField(_("checked out here"), default=False)

    class Meta:
        verbose_name = _("browser of an order")
        verbose_name_plural = _("browsers of an order")
        constraints = [
            models.UniqueConstraint(fields=["order", "browser_hash"], name="one_row_per_order_and_browser"),
        ]

    def __str__(self) -> str:
        return f"browser {self.pk} of order {self.order_id}"


class KeyIntentQuerySet(models.QuerySet["KeyIntent"]):
    """Questions about keys of a foreign console."""

    def to_go_on_with(self) -> "KeyIntentQuerySet":
        """Return what was cut short at the console and is due, the longest waiting first."""
        return self.filter(go_on_at__lte=Now()).order_by("go_on_at")


class KeyIntent(models.Model):
    """A key that a foreign console was asked for. Written before the console is asked, once per order.

    The order's `reference` and the `number` make the console's idempotency key, so asking again brings the
    same key. A roll asks for the next number.
    """

    order = models.OneToOneField(
        Order, models.PROTECT, primary_key=True, related_name="key_intent", verbose_name=_("order")
    )
    number = models.PositiveSmallIntegerField(_("rolled"), default=0, editable=False)
    # What the key may spend, in the console's own unit: fixed with the intent, so that each try asks alike.
    quota = models.BigIntegerField(_("quota"), editable=False)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now, editable=False)
    # The console has answered, or was given up: then a key that it may have made is deleted there.
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    is_given_up = models.BooleanField(_("given up"), default=False)
    # When the sweep is to delete what was given up, or to finish a roll; never, when nothing is left to do.
    go_on_at = models.DateTimeField(null=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    objects: ClassVar[models.Manager["KeyIntent"]] = KeyIntentQuerySet.as_manager()

    class Meta:
        verbose_name = _("key asked for")
        verbose_name_plural = _("keys asked for")
        indexes = [
            models.Index(
                fields=["go_on_at"], name="key_intents_to_go_on_with", condition=Q(go_on_at__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="key_intent_given_up_has_ended",
                condition=Q(is_given_up=False) | Q(ended_at__isnull=False),
            ),
            models.CheckConstraint(name="key_intent_asks_for_something", condition=Q(quota__gt=0)),
        ]

    def __str__(self) -> str:
        return f"key intent of order {self.order_id}"
