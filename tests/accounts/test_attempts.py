"""Limits hold under any concurrency, and hold when they cannot be counted."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.errors import TooManyAttempts
from accounts.models import AttemptWindow
from accounts.services import attempts
from accounts.services.attempts import Limit
from tests.together import together

BY_USER = Limit("redeem.user", "7", allowed=5, window_seconds=60)


@pytest.mark.django_db(transaction=True)
def test_of_64_attempts_at_once_exactly_as_many_pass_as_are_allowed() -> None:
    outcomes = together(64, lambda _: attempts.spend(BY_USER))

    assert outcomes.count(None) == BY_USER.allowed
    assert {type(refused) for refused in outcomes} == {type(None), TooManyAttempts}


@pytest.mark.django_db(transaction=True)
def test_crossing_limits_never_wait_for_one_another_in_a_ring() -> None:
    pair = [Limit("redeem.user", "7", 1000, 60), Limit("redeem.address", "192.0.2.1", 1000, 60)]

    outcomes = together(32, lambda number: attempts.spend(*(pair if number % 2 else reversed(pair))))

    assert outcomes == [None] * 32
    assert set(AttemptWindow.objects.values_list("attempts", flat=True)) == {32}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other",
    [
        Limit("redeem.user", "8", allowed=1, window_seconds=60),
        Limit("redeem.address", "7", allowed=1, window_seconds=60),
        Limit("redeem.user", "7", allowed=1, window_seconds=61),
    ],
    ids=["subject", "purpose", "window"],
)
def test_another_subject_purpose_or_window_counts_apart(other: Limit) -> None:
    attempts.spend(Limit("redeem.user", "7", allowed=1, window_seconds=60))

    attempts.spend(other)


@pytest.mark.django_db
def test_the_refusal_says_when_the_longest_wait_ends() -> None:
    limits = [Limit("redeem.user", "7", 0, 60), Limit("redeem.user", "7", 0, 86_400)]

    with pytest.raises(TooManyAttempts) as refusal:
        attempts.spend(*limits)

    assert refusal.value.retry_after_seconds == 86_400


@pytest.mark.django_db
def test_a_new_window_begins_when_the_old_one_has_ended() -> None:
    limit = Limit("redeem.user", "7", allowed=1, window_seconds=60)
    attempts.spend(limit)
    AttemptWindow.objects.update(window_ends_at=timezone.now() - timedelta(seconds=1))

    attempts.spend(limit)

    window = AttemptWindow.objects.get()
    assert window.attempts == 1
    assert window.window_ends_at > timezone.now() + timedelta(seconds=50)


@pytest.mark.django_db(transaction=True)
def test_an_attempt_stays_counted_whatever_is_rolled_back_later() -> None:
    attempts.spend(BY_USER)

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        attempts.spend(BY_USER)

    assert AttemptWindow.objects.get().attempts == 1


@pytest.mark.django_db
def test_nothing_passes_when_attempts_cannot_be_counted() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_attemptwindow RENAME TO gone")

    with pytest.raises(DatabaseError):
        attempts.spend(BY_USER)


@pytest.mark.django_db
def test_the_table_tells_nobody_who_tried() -> None:
    attempts.spend(Limit("redeem.address", "192.0.2.1", 5, 60))

    assert b"192.0.2.1" not in bytes(AttemptWindow.objects.get().subject_hash)


@pytest.mark.django_db
def test_only_what_limits_nobody_any_more_is_forgotten() -> None:
    attempts.spend(Limit("redeem.user", "7", 5, 60))
    AttemptWindow.objects.update(window_ends_at=timezone.now() - timedelta(seconds=1))
    attempts.spend(living := Limit("redeem.user", "8", 5, 60))
    cache.set("over", 1, timeout=-1)
    cache.set("running", 1, timeout=60)

    attempts.forget_ended()

    assert bytes(AttemptWindow.objects.get().subject_hash) == attempts._subject_hash(living)
    assert cached_keys() == [":1:running"]


def cached_keys() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM portal_cache")
        return [key for (key,) in cursor.fetchall()]
