"""The models that the shop sells and what they cost, version by version."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.money import NANO_USD_PER_USD, TOKENS_PER_RATE, UnitRates

HIGHEST_RATE = NANO_USD_PER_USD * TOKENS_PER_RATE


class LanguageModelQuerySet(models.QuerySet["LanguageModel"]):
    """Questions about models."""

    def offered(self) -> "LanguageModelQuerySet":
        """Return the models that the shop offers now, by name."""
        return self.filter(is_offered=True).order_by("name")


class LanguageModel(models.Model):
    """One model that callers may name. Its limits bound what a call can cost before it is made."""

    name = models.CharField(
        _("public name"),
        max_length=120,
        unique=True,
        help_text=_("What callers send as `model`; may hold slashes."),
    )
    vendor = models.CharField(_("vendor"), max_length=60, blank=True)
    is_offered = models.BooleanField(_("offered"), default=True)
    is_free = models.BooleanField(
        _("free"),
        default=False,
        help_text=_("Open to everybody and costs nothing, whatever its rates say."),
    )
    context_limit_tokens = models.PositiveIntegerField(_("context limit"))
    output_limit_tokens = models.PositiveIntegerField(_("output limit"))
    # Tokens that the model's chat template adds to any request.
    input_overhead_tokens = models.PositiveIntegerField(_("input overhead"), default=32)
    media_part_limit_tokens = models.PositiveIntegerField(
        _("limit of a media part"),
        null=True,
        blank=True,
        help_text=_(
            "The most tokens that one image, audio or file can be. Empty: nobody knows, so such a part"
            " counts as the whole context."
        ),
    )
    rates_source = models.CharField(
        _("source of rates"),
        max_length=160,
        blank=True,
        help_text=_(
            "Provider and model in the price list of genai-prices, such as deepseek/deepseek-chat, for"
            " `import_rates`. Empty: its rates are set by hand."
        ),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["LanguageModel"]] = LanguageModelQuerySet.as_manager()

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        constraints = [
            models.CheckConstraint(
                name="model_limits_leave_room",
                condition=Q(context_limit_tokens__gt=0, output_limit_tokens__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ModelAlias(models.Model):
    """An old or second name of a model. A model's own name always wins over an alias."""

    name = models.CharField(_("alias"), max_length=120, unique=True)
    model = models.ForeignKey(LanguageModel, models.CASCADE, related_name="aliases", verbose_name=_("model"))

    class Meta:
        verbose_name = _("model alias")
        verbose_name_plural = _("model aliases")

    def __str__(self) -> str:
        return self.name


class RateQuerySet(models.QuerySet["Rate"]):
    """Questions about rates."""

    def in_force(self, at: datetime) -> "RateQuerySet":
        """Return the one rate of each model that counts at that time."""
        return (
            self.filter(effective_from__lte=at).order_by("model_id", "-effective_from").distinct("model_id")
        )


class Rate(models.Model):
    """What a model costs from one moment on, in nano-USD per million tokens; a change is a new version.

    `input` is the price of input that the model read afresh, `cached_input` of the prefix that it had in
    its cache, `cache_write` of input that it kept there for later.
    """

    model = models.ForeignKey(
        LanguageModel, models.PROTECT, db_index=False, related_name="rates", verbose_name=_("model")
    )
    version = models.PositiveIntegerField(_("version"))
    effective_from = models.DateTimeField(_("effective from"), default=timezone.now)
    input_nano_usd_per_million = models.BigIntegerField(_("input"))
    cached_input_nano_usd_per_million = models.BigIntegerField(_("cached input"))
    cache_write_nano_usd_per_million = models.BigIntegerField(_("cache write"))
    output_nano_usd_per_million = models.BigIntegerField(_("output"))

    objects: ClassVar[models.Manager["Rate"]] = RateQuerySet.as_manager()

    class Meta:
        verbose_name = _("rate")
        verbose_name_plural = _("rates")
        constraints = [
            models.UniqueConstraint(fields=["model", "version"], name="one_rate_per_model_and_version"),
            models.UniqueConstraint(fields=["model", "effective_from"], name="one_rate_per_model_and_moment"),
            models.CheckConstraint(
                name="rates_never_below_zero",
                condition=Q(
                    input_nano_usd_per_million__gte=0,
                    cached_input_nano_usd_per_million__gte=0,
                    cache_write_nano_usd_per_million__gte=0,
                    output_nano_usd_per_million__gte=0,
                ),
            ),
            # With at most a thousand million tokens a call, no cost overflows the books' bigint.
            models.CheckConstraint(
                name="rates_never_above_a_dollar_a_token",
                condition=Q(
                    input_nano_usd_per_million__lte=HIGHEST_RATE,
                    cache_write_nano_usd_per_million__lte=HIGHEST_RATE,
                    output_nano_usd_per_million__lte=HIGHEST_RATE,
                ),
            ),
            models.CheckConstraint(
                name="cached_input_never_costs_more_than_input",
                condition=Q(cached_input_nano_usd_per_million__lte=F("input_nano_usd_per_million")),
            ),
        ]

    def __str__(self) -> str:
        return f"rate {self.version} of model {self.model_id}"

    @property
    def units(self) -> UnitRates:
        """Return the four prices."""
        return UnitRates(
            self.input_nano_usd_per_million,
            self.cached_input_nano_usd_per_million,
            self.cache_write_nano_usd_per_million,
            self.output_nano_usd_per_million,
        )
