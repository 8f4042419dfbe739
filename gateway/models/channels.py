"""Upstream channels: where calls are sent, and which models each can serve."""

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.models import LanguageModel

# Any host, also one that only the shop's own network knows; no credentials, no query.
_ADDRESS = r"^https?://[^\s/?#@]+(/[^\s?#]*)?\Z"


class Protocol(models.TextChoices):
    """What two sides of a call speak to each other. The caller's side of it is a surface of ours."""

    OPENAI = "openai", "OpenAI"
    ANTHROPIC = "anthropic", "Anthropic"


class Channel(models.Model):
    """One upstream: a Base URL, the shop's key for it (sealed), and its rank among others.

    The key is sealed for its Base URL: sent anywhere else it cannot be opened.
    """

    class OutputLimitField(models.TextChoices):
        """By which field the upstream knows how long an answer may be."""

        AS_CALLED = "", _("the field that the caller used")
        MAX_TOKENS = "max_tokens", "max_tokens"
        MAX_COMPLETION_TOKENS = "max_completion_tokens", "max_completion_tokens"

    name = models.CharField(_("name"), max_length=80, unique=True)
    base_url = models.CharField(
        _("Base URL"),
        max_length=300,
        validators=[RegexValidator(_ADDRESS, _("Enter an address that begins with https:// or http://."))],
        help_text=_("Up to and without /chat/completions or /messages, for example https://host/v1."),
    )
    protocol = models.CharField(
        _("protocol"),
        max_length=12,
        choices=Protocol,
        default=Protocol.OPENAI,
        help_text=_("What the upstream speaks. Callers may speak either: calls are translated."),
    )
    sealed_key = models.BinaryField(editable=False)
    key_last_four = models.CharField(_("key ends with"), max_length=4, editable=False)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=10, help_text=_("The channel with the smallest number is asked first.")
    )
    output_limit_field = models.CharField(
        _("output limit"),
        max_length=24,
        choices=OutputLimitField.choices,
        default=OutputLimitField.AS_CALLED,
        blank=True,
        help_text=_(
            "An upstream that ignores the field it is sent could answer for longer than the caller can pay."
        ),
    )
    # Counted by each process of the gateway for itself: they share no state.
    open_calls_limit = models.PositiveIntegerField(
        _("calls open at once"),
        null=True,
        blank=True,
        help_text=_("In each process of the gateway; the next channel takes what is above. Empty: no limit."),
    )
    first_byte_seconds = models.PositiveIntegerField(
        _("seconds until an answer begins"),
        null=True,
        blank=True,
        help_text=_("Then the next channel is asked. Empty: as long as a call may take."),
    )
    silence_seconds = models.PositiveIntegerField(
        _("seconds of silence within a stream"),
        null=True,
        blank=True,
        help_text=_("Then the answer counts as broken off. Empty: the gateway's setting."),
    )
    cool_down_seconds = models.PositiveIntegerField(
        _("seconds of rest after failures"),
        default=30,
        help_text=_("Three calls that failed one after another let the other channels go first for so long."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        constraints = [
            models.CheckConstraint(
                name="channel_speaks_http",
                condition=Q(base_url__startswith="https://") | Q(base_url__startswith="http://"),
            ),
            models.CheckConstraint(
                name="channel_speaks_a_known_protocol", condition=Q(protocol__in=["openai", "anthropic"])
            ),
            models.CheckConstraint(
                name="channel_limits_leave_room",
                condition=(Q(open_calls_limit__isnull=True) | Q(open_calls_limit__gt=0))
                & (Q(first_byte_seconds__isnull=True) | Q(first_byte_seconds__gt=0))
                & (Q(silence_seconds__isnull=True) | Q(silence_seconds__gt=0)),
            ),
            models.CheckConstraint(
                name="channel_knows_its_output_limit",
                condition=Q(output_limit_field__in=["", "max_tokens", "max_completion_tokens"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ChannelModelQuerySet(models.QuerySet["ChannelModel"]):
    """Questions about who serves what."""

    def in_service(self) -> "ChannelModelQuerySet":
        """Return what enabled channels serve, in the order in which they are to be asked."""
        return (
            self.filter(channel__is_enabled=True)
            .select_related("channel", "model")
            .order_by("channel__priority", "channel_id")
        )


class ChannelModel(models.Model):
    """A model that a channel serves, under the name by which the upstream knows it."""

    channel = models.ForeignKey(
        Channel, models.CASCADE, related_name="channel_models", verbose_name=_("channel")
    )
    model = models.ForeignKey(
        LanguageModel, models.PROTECT, related_name="channel_models", verbose_name=_("model")
    )
    upstream_name = models.CharField(
        _("upstream's name"),
        max_length=120,
        blank=True,
        help_text=_("Empty: the same as our public name."),
    )

    objects: ClassVar[models.Manager["ChannelModel"]] = ChannelModelQuerySet.as_manager()

    class Meta:
        verbose_name = _("served model")
        verbose_name_plural = _("served models")
        constraints = [
            models.UniqueConstraint(fields=["channel", "model"], name="one_row_per_channel_and_model"),
        ]

    def __str__(self) -> str:
        return f"{self.model} on {self.channel}"
