"""What the shop sells once: packages of tokens, and what each costs where it is sold."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.providers import Provider, provider_is_known


class PackageQuerySet(models.QuerySet["Package"]):
    """Questions about packages."""

    def offered(self) -> "PackageQuerySet":
        """Return the packages that the shop offers, in its order."""
        return self.filter(is_offered=True).order_by("position", "pk")


class Package(models.Model):
    """So many tokens of the reference model, as credit, for one price; both languages of its words.

    An order copies what it sold: changing a package changes no order.
    """

    class Delivery(models.TextChoices):
        """What a buyer gets. AUTO: credit when logged in; a guest a key, or a code if no key can be made."""

        AUTO = "auto", _("wallet or key")
        CODE = "code", _("redemption code")

    slug = models.SlugField(_("slug"), max_length=40, unique=True)
    name = models.CharField(_("name in English"), max_length=60)
    name_zh = models.CharField(_("name in Chinese"), max_length=60)
    purpose = models.CharField(_("what it is good for, in English"), max_length=120, blank=True)
    purpose_zh = models.CharField(_("what it is good for, in Chinese"), max_length=120, blank=True)
    badge = models.CharField(_("badge in English"), max_length=30, blank=True)
    badge_zh = models.CharField(_("badge in Chinese"), max_length=30, blank=True)
    # The published price. What a provider charges may be in another currency: see `PackagePrice`.
    list_price_cents = models.PositiveIntegerField(_("list price, in hundredths"))
    list_currency = models.CharField(_("currency of the list price"), max_length=3)
    tokens = models.PositiveBigIntegerField(_("tokens advertised"))
    credit_nano_usd = models.BigIntegerField(_("credit"))
    delivery = models.CharField(_("delivery"), max_length=4, choices=Delivery.choices, default=Delivery.AUTO)
    position = models.PositiveSmallIntegerField(_("place on the page"), default=0)
    is_offered = models.BooleanField(_("offered"), default=True)

    objects: ClassVar[models.Manager["Package"]] = PackageQuerySet.as_manager()

    class Meta:
        verbose_name = _("package")
        verbose_name_plural = _("packages")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="package_has_a_price", condition=Q(list_price_cents__gt=0) & ~Q(list_currency="")
            ),
            models.CheckConstraint(
                name="package_is_worth_something", condition=Q(tokens__gt=0, credit_nano_usd__gt=0)
            ),
            models.CheckConstraint(
                name="package_delivery_is_known", condition=Q(delivery__in=["auto", "code"])
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PackagePrice(models.Model):
    """What one provider charges for a package in one currency, as which product of theirs."""

    class Currency(models.TextChoices):
        """What Creem sells in."""

        USD = "USD", "USD"
        EUR = "EUR", "EUR"

    package = models.ForeignKey(Package, models.CASCADE, related_name="prices", verbose_name=_("package"))
    provider = models.CharField(
        _("provider"), max_length=12, choices=Provider.choices, default=Provider.CREEM
    )
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices, default=Currency.USD)
    price_cents = models.PositiveIntegerField(_("price, in hundredths"))
    # Empty where the provider keeps no products of ours.
    product_id = models.CharField(_("product at the provider"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("price of a package")
        verbose_name_plural = _("prices of a package")
        constraints = [
            models.UniqueConstraint(
                fields=["package", "provider", "currency"], name="one_price_per_provider_and_currency"
            ),
            # Creem refuses anything cheaper than 1.00.
            models.CheckConstraint(
                name="package_price_is_one_that_providers_take", condition=Q(price_cents__gte=100)
            ),
            models.CheckConstraint(
                name="package_price_currency_is_known", condition=Q(currency__in=["USD", "EUR"])
            ),
            provider_is_known("package_price"),
            models.CheckConstraint(
                name="package_price_at_creem_names_a_product",
                condition=~Q(provider="creem") | ~Q(product_id=""),
            ),
            models.CheckConstraint(
                name="package_price_of_coins_is_in_usd",
                condition=~Q(provider="nowpayments") | Q(currency="USD"),
            ),
        ]

    def __str__(self) -> str:
        whole, cents = divmod(self.price_cents, 100)
        return f"{self.currency} {whole}.{cents:02}"

    @property
    def way(self) -> str:
        """Return the word for this way to pay, as the form of a checkout names it."""
        return f"{self.provider}-{self.currency}".lower()
