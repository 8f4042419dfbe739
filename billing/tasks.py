"""What workers do for the shop. Messages carry row ids only, and every task may run twice."""

import logging
import time

from celery import Task, shared_task
from kombu.exceptions import OperationalError

from billing.models import InboxEvent
from billing.services import checkouts, inbox, mailing

logger = logging.getLogger(__name__)

MOST_NUDGES = 500
# Less than the pause of the sweep, so that a slow provider does not take all workers.
ASKING_SECONDS = 15


def nudge(task: "Task[[int], None]", pk: int) -> None:
    """Send a row to the workers. A broker that is away costs a few seconds: the sweep finds the row."""
    try:
        task.delay(pk)
    except OperationalError:
        logger.warning("The broker is away: %s of row %s waits for the sweep.", task.name, pk)


@shared_task
def handle_event(event_pk: int) -> None:
    """Act on one webhook that was stored."""
    inbox.handle(event_pk)


@shared_task
def sweep_inbox() -> None:
    """Nudge again whatever a lost message, a dead worker or a fault left waiting."""
    for event_pk in InboxEvent.objects.waiting().values_list("pk", flat=True)[:MOST_NUDGES]:
        nudge(handle_event, event_pk)


@shared_task
def ask_open_orders() -> None:
    """Ask the providers about unpaid orders that are due, one after another and for a while.

    Whatever is still due is taken up by the next run.
    """
    until = time.monotonic() + ASKING_SECONDS
    while time.monotonic() < until and (order_pk := checkouts.take_due()) is not None:
        checkouts.ask(order_pk)


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
