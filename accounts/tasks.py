"""Work that accounts do by themselves; when it runs is said in `portal/schedule.py`."""

from celery import shared_task

from accounts.services import attempts


@shared_task
def forget_old_attempts() -> None:
    """Forget who tried what, once it limits nobody any more."""
    attempts.forget_ended()
