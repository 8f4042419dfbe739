"""People, customers, their API keys, mails that are owed, and the counters that slow attackers down."""

from typing import ClassVar, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    """Makes users from an e-mail address and a password."""

    def create_user(self, email: str, password: str | None = None, *, is_staff: bool = False) -> "User":
        """Create a person who logs in with ``email``; without a password nobody can log in."""
        user = self.model(email=email.lower(), is_staff=is_staff)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None) -> "User":
        """Create an administrator who may do everything in the admin."""
        user = self.create_user(email, password, is_staff=True)
        user.is_superuser = True
        user.save(using=self._db, update_fields=["is_superuser"])
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who can log in. Buyers are customers; staff are users who are nobody's customer."""

    # In lower case always: it is looked up by equality.
    email = models.EmailField(_("e-mail address"), unique=True)
    is_staff = models.BooleanField(_("may enter the admin"), default=False)
    is_active = models.BooleanField(_("may log in"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    # The language that mails are written in: the last one the person chose on the site.
    language = models.CharField(_("language"), max_length=12, default="en")

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(name="email_is_in_lower_case", condition=Q(email=Lower("email"))),
        ]
        indexes = [models.Index(fields=["-id"], name="users_who_are_staff", condition=Q(is_staff=True))]

    def __str__(self) -> str:
        return self.email


class Customer(models.Model):
    """A buyer: owns API keys and one ledger account. A guest is a customer without a user."""

    user = models.OneToOneField(
        User, models.PROTECT, null=True, blank=True, related_name="customer", verbose_name=_("user")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")

    def __str__(self) -> str:
        return f"customer {self.pk}"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Questions about API keys."""

    def listed(self) -> "ApiKeyQuerySet":
        """Return the keys that their owner sees, newest first: deleted ones are hidden."""
        return self.exclude(state=ApiKey.State.REVOKED).order_by("-pk")


class ApiKey(models.Model):
    """One key's identity. The secret itself is never stored, only its keyed hash.

    The ledger reads this table inside its reserve function: renaming a column means a new version of it.
    """

    class State(models.TextChoices):
        """What a key may do. Revoked is for ever."""

        ACTIVE = "active", _("active")
        DISABLED = "disabled", _("disabled")
        REVOKED = "revoked", _("deleted")

    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="api_keys", verbose_name=_("customer")
    )
    name = models.CharField(_("name"), max_length=80)
    # The public part: 12 base62 symbols, safe to log and to show.
    key_id = models.CharField(_("key id"), max_length=12, unique=True)
    # HMAC-SHA256 of the 32 secret symbols under the pepper of `pepper_version`.
    secret_hash = models.BinaryField(max_length=32, editable=False)
    pepper_version = models.PositiveSmallIntegerField(editable=False)
    last_four = models.CharField(_("last four"), max_length=4)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.ACTIVE)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    # Written when a call of the key is reserved, at most once a minute.
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        indexes = [models.Index(fields=["customer", "-id"], name="keys_of_a_customer")]
        constraints = [
            models.CheckConstraint(
                name="key_state_is_known", condition=Q(state__in=["active", "disabled", "revoked"])
            ),
        ]

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> str:
        """Return what may be shown of the key: enough to tell it from others, useless to call with."""
        return f"sk-{self.key_id[:4]}…{self.last_four}"


class AttemptWindow(models.Model):
    """How often one subject tried one thing in its current window. One row per purpose and subject.

    Lives in PostgreSQL, not in a cache: an emptied cache would open the doors.
    """

    purpose = models.CharField(max_length=32)
    # A keyed hash of the address or of the user: the table tells nobody who tried what.
    subject_hash = models.BinaryField(max_length=32)
    attempts = models.PositiveIntegerField(default=0)
    window_ends_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["window_ends_at"], name="attempt_windows_by_end")]
        constraints = [
            models.UniqueConstraint(fields=["purpose", "subject_hash"], name="one_window_per_subject"),
        ]


_Mail = TypeVar("_Mail", bound="OwedMail")


class OwedMailQuerySet(models.QuerySet[_Mail]):
    """Questions about mails that are owed."""

    def to_send(self) -> "OwedMailQuerySet[_Mail]":
        """Return the mails that are due, the longest waiting first."""
        return self.filter(send_at__lte=Now()).order_by("send_at")


class OwedMail(models.Model):
    """A mail that a row of some room owes to a person; `accounts.services.outbox` sends it, once."""

    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    # When it is to be sent, or tried again; never, once it was sent or given up.
    send_at = models.DateTimeField(null=True, default=timezone.now, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        abstract = True
