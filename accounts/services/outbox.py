"""Mails that are owed, on their way: each is sent once, as far as a mail server lets anybody know.

A mail is a row, written with the fact that it tells, and its text is made when it is sent. It is taken before
it is sent, and the next try is set with the taking. So nobody else sends it meanwhile, and a sender that dies
leaves it to be tried again. Only a death between the server's thanks and our commit sends a mail twice; both
then carry one id, by which mail programs tell.
"""

import logging
import smtplib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import OwedMail

logger = logging.getLogger(__name__)

# Longer than a mail server may take for one mail; doubled with each try.
FIRST_PAUSE = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=1)
# They come to a day.
MOST_ATTEMPTS = 28
# A backlog is worked off run by run, so that nobody else waits for a worker meanwhile.
RUN_SECONDS = 10

# What concerns one mail only: with anything else, the server is away for all.
OF_THIS_MAIL = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError)

Mail = TypeVar("Mail", bound=OwedMail)


@dataclass(frozen=True)
class Outbox(Generic[Mail]):
    """Mails of one kind of row: which are due, how one is written, and what to note when it was sent."""

    due: Callable[[], "QuerySet[Mail]"]
    written: Callable[[Mail], EmailMultiAlternatives]
    note_sent: Callable[[Mail], None] = lambda mail: None


def send_due(outbox: Outbox[Mail]) -> None:
    """Send what is due, one mail after another, until nothing is, the time is up, or the server is away.

    When the server is away, the mails that were not tried stay due, and lose none of their tries.
    """
    until = time.monotonic() + RUN_SECONDS
    connection = get_connection()
    try:
        while time.monotonic() < until and (mail := _take(outbox)) is not None:
            if not _try_to_send(outbox, mail, connection):
                return
    finally:
        connection.close()


def send(outbox: Outbox[Mail], mail_pk: int) -> None:
    """Send this mail, unless it was sent, is not due, or is being sent by somebody else."""
    mail = _take(outbox, pk=mail_pk)
    if mail is not None:
        _try_to_send(outbox, mail, get_connection())


def send_again(mail: OwedMail) -> None:
    """Let a mail be sent once more, now, whatever became of it, with the tries of a new one."""
    _row(mail).update(send_at=timezone.now(), attempts=0)


def message(
    template: str, context: Mapping[str, Any], *, language: str, recipient: str, name: str
) -> EmailMultiAlternatives:
    """Return a mail in its reader's language, as text and as HTML with the same words.

    ``template`` begins the names of its subject and its text; a paragraph that is one of the context's
    ``links`` is a link in HTML. ``name`` tells it from all other mails of the shop.
    """
    with translation.override(language):
        ours = {**context, "site_name": settings.SITE_NAME, "site_url": settings.PUBLIC_URL}
        subject = " ".join(render_to_string(f"{template}_subject.txt", ours).split())
        text = render_to_string(f"{template}_message.txt", ours).strip() + "\n"
        framed = {**ours, "subject": subject, "paragraphs": text.strip().split("\n\n")}
        html = render_to_string("account/email/frame.html", framed)
    message_id = f"<{name}@{urlsplit(settings.PUBLIC_URL).hostname}>"
    written = EmailMultiAlternatives(subject, text, to=[recipient], headers={"Message-ID": message_id})
    written.attach_alternative(html, "text/html")
    return written


@transaction.atomic
def _take(outbox: Outbox[Mail], **which: int) -> Mail | None:
    """Return a mail that is due and that nobody else has, its next try set."""
    mail = outbox.due().filter(**which).select_for_update(skip_locked=True, of=("self",)).first()
    if mail is not None:
        pause = min(FIRST_PAUSE * 2 ** min(mail.attempts, 10), LONGEST_PAUSE)
        mail.attempts += 1
        mail.send_at = timezone.now() + pause if mail.attempts < MOST_ATTEMPTS else None
        mail.save(update_fields=["attempts", "send_at"])
    return mail


def _try_to_send(outbox: Outbox[Mail], mail: Mail, connection: BaseEmailBackend) -> bool:
    """Send the mail and write down what came of it; return whether other mails may be tried."""
    written = outbox.written(mail)
    try:
        connection.open()
        connection.send_messages([written])
    except OSError as failure:  # of which SMTP's own are a kind
        _failed(mail, failure, named=written.extra_headers["Message-ID"])
        return isinstance(failure, OF_THIS_MAIL)
    _sent(outbox, mail)
    return True


@transaction.atomic
def _sent(outbox: Outbox[Mail], mail: Mail) -> None:
    _row(mail).update(sent_at=timezone.now(), send_at=None, last_error="")
    outbox.note_sent(mail)


def _failed(mail: OwedMail, failure: OSError, *, named: str) -> None:
    # Not the failure's own text: it names the reader.
    why = " ".join(filter(None, [type(failure).__name__, str(getattr(failure, "smtp_code", ""))]))
    logger.error("Mail %s not sent: %s", named, why)
    _row(mail).filter(attempts=mail.attempts).update(last_error=why)


def _row(mail: OwedMail) -> "QuerySet[OwedMail]":
    return type(mail)._default_manager.filter(pk=mail.pk)
