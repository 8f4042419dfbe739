"""Batches of codes, their plaintext until the one download, and the codes themselves."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from ledger.money import LARGEST_AMOUNT, NanoUSD, PriceFacts

LARGEST_BATCH = 1_000_000


class BatchQuerySet(models.QuerySet["Batch"]):
    """Questions about batches."""

    def unfinished(self) -> "BatchQuerySet":
        """Return the batches that a worker should be issuing or closing right now."""
        return self.filter(state__in=[Batch.State.ISSUING, Batch.State.VOIDING]).order_by("pk")

    def due(self) -> "BatchQuerySet":
        """Return the batches whose time is over while the books still hold their codes."""
        return self.filter(
            state__in=[Batch.State.READY, Batch.State.DOWNLOADED], expires_at__lte=Now(), expired_at=None
        ).order_by("pk")

    def issued_by_staff(self) -> "BatchQuerySet":
        """Return the batches that people ordered, without the single codes that the shop sold."""
        return self.filter(sold_through="")

    def free_to_download(self) -> "BatchQuerySet":
        """Return the batches that are ready and that nobody is downloading."""
        ready = self.filter(state=Batch.State.READY)
        return ready.exclude(download_lease_until__gt=Now())

    def leased(self, batch_pk: int, *, until: datetime) -> "BatchQuerySet":
        """Return the batch if whoever holds the lease that ends at ``until`` may still download it."""
        return self.filter(pk=batch_pk, state=Batch.State.READY, download_lease_until=until)


class Batch(models.Model):
    """Codes that were ordered together: how many, worth what, until when, why and by whom.

    A code that the shop sold is a batch of one, which nobody downloads: whoever sold it has its text.
    """

    class State(models.TextChoices):
        """Where the batch stands. A worker that dies leaves it issuing or voiding; a sweep carries on."""

        ISSUING = "issuing", _("being issued")
        READY = "ready", _("ready to download")
        DOWNLOADED = "downloaded", _("downloaded")
        SOLD = "sold", _("sold")
        # From here on no code of the batch is good, though a worker may still be closing them one by one.
        VOIDING = "voiding", _("being voided")
        VOIDED = "voided", _("voided")

    name = models.CharField(_("name"), max_length=80)
    count = models.PositiveIntegerField(
        _("number of codes"), validators=[MinValueValidator(1), MaxValueValidator(LARGEST_BATCH)]
    )
    # What each code is good for: an amount, or so many days of a plan. What that is, is the shop's business.
    value_nano_usd = models.BigIntegerField(_("value of each"), default=0)
    plan_slug = models.CharField(_("plan"), max_length=40, blank=True)
    plan_days = models.PositiveSmallIntegerField(_("days"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    # When a worker closed the codes because their time was over. Nobody could redeem them meanwhile.
    expired_at = models.DateTimeField(_("expired"), null=True, editable=False)
    note = models.CharField(_("note"), max_length=200, blank=True)
    # What a buyer paid for one code, when the batch was sold; the redeemed credit keeps it for refunds.
    paid_amount = models.DecimalField(
        _("paid for each"), max_digits=24, decimal_places=8, null=True, blank=True
    )
    paid_currency = models.CharField(_("currency"), max_length=12, blank=True)
    paid_units_per_usd = models.DecimalField(
        _("exchange rate"), max_digits=24, decimal_places=8, null=True, blank=True
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ISSUING)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("issued by"),
    )
    # The payment provider that took the money for a sold code; empty for what staff issued.
    sold_through = models.CharField(_("sold through"), max_length=12, blank=True, editable=False)
    issued_count = models.PositiveIntegerField(_("issued"), default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    # A download under way keeps others out until it ends or this moment passes.
    download_lease_until = models.DateTimeField(null=True, editable=False)
    downloaded_at = models.DateTimeField(_("downloaded"), null=True, editable=False)
    downloaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("downloaded by"),
    )
    # Rises while a worker closes the codes of a voided batch; codes that were redeemed before stay so.
    voided_count = models.PositiveIntegerField(_("voided codes"), default=0, editable=False)
    voided_at = models.DateTimeField(_("voided"), null=True, editable=False)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("voided by"),
    )

    objects: ClassVar[models.Manager["Batch"]] = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        permissions = [
            ("download_batch", _("Can download the codes of a batch, once")),
            ("void_batch", _("Can void the codes of a batch")),
        ]
        # There may be a sold code for every order: what is asked often must not read past them all.
        indexes = [
            models.Index(fields=["-id"], name="batches_issued_by_staff", condition=Q(sold_through="")),
            models.Index(
                fields=["id"], name="batches_in_work", condition=Q(state__in=["issuing", "voiding"])
            ),
            models.Index(
                fields=["expires_at"],
                name="batches_that_expire",
                condition=Q(expires_at__isnull=False, expired_at__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="batch_state_is_known",
                condition=Q(state__in=["issuing", "ready", "downloaded", "sold", "voiding", "voided"]),
            ),
            models.CheckConstraint(
                name="batch_was_issued_by_staff_or_sold",
                condition=Q(issued_by__isnull=False, sold_through="")
                | (Q(issued_by__isnull=True, count=1) & ~Q(sold_through="")),
            ),
            models.CheckConstraint(
                name="only_sold_codes_are_handed_over_by_a_sale",
                condition=~Q(state="sold") | ~Q(sold_through=""),
            ),
            models.CheckConstraint(
                name="sold_codes_are_never_downloaded",
                condition=Q(sold_through="") | Q(state__in=["sold", "voiding", "voided"]),
            ),
            models.CheckConstraint(
                name="sold_codes_keep_what_was_paid",
                condition=Q(sold_through="") | Q(paid_amount__isnull=False),
            ),
            models.CheckConstraint(
                name="batch_is_of_a_sane_size", condition=Q(count__gte=1, count__lte=LARGEST_BATCH)
            ),
            models.CheckConstraint(
                name="batch_codes_are_worth_something",
                condition=Q(value_nano_usd__gt=0, plan_slug="", plan_days__isnull=True)
                | (Q(value_nano_usd=0, plan_days__gte=1) & ~Q(plan_slug="")),
            ),
            models.CheckConstraint(
                name="batch_of_a_plan_is_not_sold",
                condition=Q(plan_slug="") | Q(sold_through="", paid_amount__isnull=True),
            ),
            models.CheckConstraint(
                name="batch_is_worth_what_the_books_can_keep",
                condition=Q(value_nano_usd__lte=Value(LARGEST_AMOUNT) / F("count")),
            ),
            models.CheckConstraint(
                name="batch_never_issues_more_than_ordered", condition=Q(issued_count__lte=F("count"))
            ),
            models.CheckConstraint(
                name="batch_is_issued_in_full_before_it_is_ready",
                condition=~Q(state__in=["ready", "downloaded", "sold"]) | Q(issued_count=F("count")),
            ),
            models.CheckConstraint(
                name="batch_price_facts_come_together",
                condition=Q(paid_amount__isnull=True, paid_currency="", paid_units_per_usd__isnull=True)
                | (Q(paid_amount__gt=0, paid_units_per_usd__gt=0) & ~Q(paid_currency="")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Say beside the field what the constraints only know, and refuse codes that nobody could redeem."""
        wrong = {}
        if self.expires_at is not None and self.expires_at <= timezone.now():
            wrong["expires_at"] = _("This moment has passed.")
        if len({self.paid_amount is None, not self.paid_currency, self.paid_units_per_usd is None}) > 1:
            wrong["paid_amount"] = _("Give amount, currency and rate of what was paid, or none of them.")
        if self.count and self.value_nano_usd and self.total_nano_usd > LARGEST_AMOUNT:
            wrong["value_nano_usd"] = _("All codes together are worth more than the books can keep.")
        if wrong:
            raise ValidationError(wrong)

    @property
    def is_void(self) -> bool:
        """Tell whether its codes are worthless."""
        return self.state in {Batch.State.VOIDING, Batch.State.VOIDED}

    @property
    def is_sold(self) -> bool:
        """Tell whether it is one code that the shop sold."""
        return self.sold_through != ""

    @property
    def is_of_plan(self) -> bool:
        """Tell whether its codes give days of a plan, and no amount: the shop owes nothing for them."""
        return self.plan_slug != ""

    @property
    def is_unfinished(self) -> bool:
        """Tell whether a worker should be issuing or closing its codes right now."""
        return self.state in {Batch.State.ISSUING, Batch.State.VOIDING}

    @property
    def price(self) -> PriceFacts | None:
        """Return what a buyer paid for one code; None when the batch was not sold."""
        if self.paid_amount is None or self.paid_units_per_usd is None:
            return None
        return PriceFacts(self.paid_amount, self.paid_currency, self.paid_units_per_usd)

    @property
    def total_nano_usd(self) -> NanoUSD:
        """Return what all ordered codes are worth together."""
        return NanoUSD(self.count * self.value_nano_usd)


class Chunk(models.Model):
    """Some codes of a batch, committed with their hashes and their entry; readable until the download."""

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="chunks")
    number = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    # The plaintext codes, one a line, under AEAD bound to this batch and number; null once downloaded.
    sealed_codes = models.BinaryField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="one_chunk_per_batch_and_number"),
        ]

    @property
    def seal_context(self) -> str:
        """Return the place that the sealed codes belong to; moved anywhere else they stay shut."""
        return f"redemption.chunk|{self.batch_id}|{self.number}"


class CodeQuerySet(models.QuerySet["Code"]):
    """Questions about codes."""

    def live(self) -> "CodeQuerySet":
        """Return the codes that the shop still owes for."""
        return self.filter(state=Code.State.LIVE)


class Code(models.Model):
    """One redemption code: its keyed hash, what it is worth, and what became of it."""

    class State(models.TextChoices):
        """A code leaves `live` once and never returns."""

        LIVE = "live", _("live")
        REDEEMED = "redeemed", _("redeemed")
        VOIDED = "voided", _("voided")
        EXPIRED = "expired", _("expired")

    # No foreign key in the database: each of a million rows would look its batch up. The chunk that is
    # committed with the codes has one, and that keeps the batch from going away.
    batch = models.ForeignKey(
        Batch,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="codes",
        verbose_name=_("batch"),
    )
    # HMAC-SHA256 of the 28 symbols under the pepper of `pepper_version`.
    code_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    pepper_version = models.PositiveSmallIntegerField(editable=False)
    last_four = models.CharField(_("last four"), max_length=4, editable=False)
    value_nano_usd = models.BigIntegerField(_("value"), editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.LIVE, editable=False
    )
    redeemed_by = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        db_index=False,
        editable=False,
        related_name="redeemed_codes",
        verbose_name=_("redeemed by"),
    )
    closed_at = models.DateTimeField(_("redeemed or closed"), null=True, editable=False)

    objects: ClassVar[models.Manager["Code"]] = CodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        # None names what redeeming changes, so that it rewrites one row and no index, however many there are.
        indexes = [models.Index(fields=["batch", "id"], name="codes_of_a_batch")]
        constraints = [
            models.CheckConstraint(
                name="code_state_is_known",
                condition=Q(state__in=["live", "redeemed", "voided", "expired"]),
            ),
            models.CheckConstraint(
                name="only_redeemed_codes_have_a_redeemer",
                condition=Q(state="redeemed", redeemed_by__isnull=False)
                | (~Q(state="redeemed") & Q(redeemed_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="live_codes_are_not_closed",
                condition=Q(state="live", closed_at__isnull=True)
                | (~Q(state="live") & Q(closed_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.last_four}"
