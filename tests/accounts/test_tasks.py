"""The tasks of the accounts room."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import tasks
from accounts.models import AttemptWindow
from accounts.services import attempts


@pytest.mark.django_db
def test_ended_windows_are_forgotten() -> None:
    attempts.spend(attempts.Limit("redeem.user", "7", 5, 60))
    AttemptWindow.objects.update(window_ends_at=timezone.now() - timedelta(seconds=1))

    tasks.forget_old_attempts()

    assert not AttemptWindow.objects.exists()
