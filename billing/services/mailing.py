"""Mails that orders owe, on their way: each is sent once, as far as a mail server lets anybody know.

A mail is taken before it is sent, and the next try is set with the taking. So nobody else sends it meanwhile,
and a sender that dies leaves it to be tried again. Only a death between the server's thanks and our commit
sends a mail twice; both then carry one id, by which mail programs tell.
"""

import logging
import smtplib
import time
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from billing.models import OrderMail, OrderStep
from billing.services import openings, orders, packages

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


def send_due() -> None:
    """Send what is due, one mail after another, until nothing is, the time is up, or the server is away.

    When the server is away, the mails that were not tried stay due, and lose none of their tries.
    """
    until = time.monotonic() + RUN_SECONDS
    connection = get_connection()
    try:
        while time.monotonic() < until and (mail := _take()) is not None:
            if not _try_to_send(mail, connection):
                return
    finally:
        connection.close()


def send(mail_pk: int) -> None:
    """Send this mail, unless it was sent, is not due, or is being sent by somebody else."""
    mail = _take(pk=mail_pk)
    if mail is not None:
        _try_to_send(mail, get_connection())


def send_again(mail: OrderMail) -> None:
    """Let a mail be sent once more, now, whatever became of it, with the tries of a new one."""
    OrderMail.objects.filter(pk=mail.pk).update(send_at=timezone.now(), attempts=0)


def written(mail: OrderMail) -> EmailMultiAlternatives:
    """Return the mail in its reader's language, as text and as HTML with the same words.

    It leads to the order and holds no secret: neither the order's number nor what was delivered.
    """
    order, template = mail.order, f"billing/email/{mail.kind}"
    links = [openings.link(order), settings.PUBLIC_URL + reverse("order_lookup")]
    with translation.override(order.language):
        context = {
            "order": order,
            "title": packages.in_language(order.title, order.title_zh),
            "when": mail.created_at,
            "link": links[0],
            "lookup_url": links[1],
            "links": links,
            "support_email": settings.SUPPORT_EMAIL,
            "site_name": settings.SITE_NAME,
            "site_url": settings.PUBLIC_URL,
        }
        subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
        text = render_to_string(f"{template}_message.txt", context).strip() + "\n"
        framed = {**context, "subject": subject, "paragraphs": text.strip().split("\n\n")}
        html = render_to_string("account/email/frame.html", framed)
    message = EmailMultiAlternatives(subject, text, to=[mail.recipient], headers={"Message-ID": _id_of(mail)})
    message.attach_alternative(html, "text/html")
    return message


@transaction.atomic
def _take(**which: int) -> OrderMail | None:
    """Return a mail that is due and that nobody else has, its next try set."""
    due = OrderMail.objects.to_send().filter(**which).select_related("order")
    mail = due.select_for_update(skip_locked=True, of=("self",)).first()
    if mail is not None:
        pause = min(FIRST_PAUSE * 2 ** min(mail.attempts, 10), LONGEST_PAUSE)
        mail.attempts += 1
        mail.send_at = timezone.now() + pause if mail.attempts < MOST_ATTEMPTS else None
        mail.save(update_fields=["attempts", "send_at"])
    return mail


def _try_to_send(mail: OrderMail, connection: BaseEmailBackend) -> bool:
    """Send the mail and write down what came of it; return whether other mails may be tried."""
    message = written(mail)
    try:
        connection.open()
        connection.send_messages([message])
    except OSError as failure:  # of which SMTP's own are a kind
        _failed(mail, failure)
        return isinstance(failure, OF_THIS_MAIL)
    _sent(mail)
    return True


@transaction.atomic
def _sent(mail: OrderMail) -> None:
    OrderMail.objects.filter(pk=mail.pk).update(sent_at=timezone.now(), send_at=None, last_error="")
    orders.note(mail.order, OrderStep.Kind.MAILED, mail.kind)


def _failed(mail: OrderMail, failure: OSError) -> None:
    # Not the failure's own text: it names the reader.
    why = " ".join(filter(None, [type(failure).__name__, str(getattr(failure, "smtp_code", ""))]))
    logger.error("Mail %s of order %s not sent: %s", mail.kind, mail.order.reference, why)
    OrderMail.objects.filter(pk=mail.pk, attempts=mail.attempts).update(last_error=why)


def _id_of(mail: OrderMail) -> str:
    return f"<{mail.order.reference}.{mail.kind}.{mail.pk}@{urlsplit(settings.PUBLIC_URL).hostname}>"
