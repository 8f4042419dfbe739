"""What workers do for the shop. Messages carry row ids only, and every task may run twice."""

from celery import shared_task

from billing.services import mailing


@shared_task
def send_mail(mail_pk: int) -> None:
    """Send one mail that somebody waits for."""
    mailing.send(mail_pk)


@shared_task
def sweep_mails() -> None:
    """Send all mails that are due.

    One after another in one worker: a mail server that hangs must not take the others from the deliveries.
    """
    mailing.send_due()
