"""Mails of orders: in the buyer's language, without a secret, each sent once however senders die or race."""

import smtplib
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings as site
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import Settings

from accounts.services import outbox
from billing import tasks
from billing.models import Order, OrderMail, OrderStep, Payment
from billing.services import mailing, mails, order_numbers, transfers
from tests.billing import paying
from tests.cluster import free_ports
from tests.factories import billing as make
from tests.together import together

# A refund's mails tell of its row: `test_refund_pages` reads them.
# Those that tell of a refund or of a period of a plan are looked at where there is one.
OF_OTHER_ROWS = {
    OrderMail.Kind.REFUND,
    OrderMail.Kind.DISPUTE,
    OrderMail.Kind.RENEWAL_FAILED,
    OrderMail.Kind.PLAN_CANCELLED,
}
KINDS = [kind for kind in OrderMail.Kind if kind not in OF_OTHER_ROWS]


class Picky:
    """A mail server that knows nobody called “nobody”."""

    def __init__(self) -> None:
        self.received: list[str] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: object, session: object, envelope: object, address: str, options: object
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        self.received.append(address)
        envelope.rcpt_tos.append(address)  # type: ignore[attr-defined]
        return "250 OK"


@pytest.fixture
def picky(settings: Settings) -> Iterator[Picky]:
    server = Picky()
    [port] = free_ports(1)
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield server
    controller.stop()


@pytest.fixture
def no_mail_server(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1


def owed(
    kind: OrderMail.Kind = OrderMail.Kind.RECEIVED, *, order: Order | None = None, **facts: str
) -> OrderMail:
    order = order or make.order()
    mails.owe(order, kind, **facts)
    return OrderMail.objects.latest("pk")


def awaited(order: Order) -> Order:
    """Let ``order`` wait for a transfer: some mails tell of one."""
    transfers.begin(make.channel(), order)
    return order


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("result", ["", *Order.Result])
def test_a_mail_leads_to_its_order_and_holds_no_secret(
    kind: OrderMail.Kind, language: str, result: str
) -> None:
    order = awaited(make.order(language=language))
    order.result = result
    number = order_numbers.shown(order)

    letter = mailing.written(OrderMail(pk=1, order=order, kind=kind, recipient=order.email))

    text = f"{letter.subject}\n{letter.body}"
    assert letter.to == ["guest@example.com"]
    assert f"{site.PUBLIC_URL}/orders/{order.reference}" in text
    assert number not in text
    assert number.replace("-", "") not in text
    assert (order.title_zh if language == "zh-hans" else order.title) in letter.subject


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_says_the_same_as_text_and_as_html(kind: OrderMail.Kind) -> None:
    mailing.send(owed(kind, order=awaited(make.order())).pk)

    html = str(sent().alternatives[0][0])
    words = strip_tags(html.split("</head>")[1].replace("<br>", " ")).split()
    assert words == sent().body.split()
    assert html.count("<a ") == html.count(f'<a href="{site.PUBLIC_URL}/orders/') == 2


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [OrderMail.Kind.RECEIVED, OrderMail.Kind.DELIVERED])
@pytest.mark.parametrize(("language", "tax"), [("en", "Tax: 2.10 USD."), ("zh-hans", "税费：2.10 USD。")])
def test_what_was_paid_is_told_with_its_tax_apart(kind: OrderMail.Kind, language: str, tax: str) -> None:
    order = paying.pay(make.order(language=language))
    untaxed = mailing.written(OrderMail(pk=1, order=order, kind=kind, recipient=order.email))
    Payment.objects.update(tax_cents=210, paid_cents=1210)

    letter = mailing.written(OrderMail(pk=1, order=order, kind=kind, recipient=order.email))

    html = strip_tags(str(letter.alternatives[0][0]))
    for text in (letter.body, " ".join(html.split())):
        assert tax in text
        assert "12.10 USD" in text
        assert "10.00 USD" in text
    assert "USD" not in untaxed.body


@pytest.mark.django_db
def test_what_an_operator_called_a_package_stays_text() -> None:
    order = make.order(make.package(name="<b>Fish & 'Chips'</b>"))

    mailing.send(owed(order=order).pk)

    assert "<b>Fish & 'Chips'</b>" in sent().subject
    assert "<b>" not in str(sent().alternatives[0][0])


@pytest.mark.django_db
def test_a_mail_that_was_sent_is_part_of_its_orders_story() -> None:
    owing = owed()

    mailing.send(owing.pk)

    owing.refresh_from_db()
    assert owing.sent_at is not None
    assert owing.send_at is None
    assert owing.order.steps.latest("pk").kind == OrderStep.Kind.MAILED


@pytest.mark.django_db
def test_a_mail_that_was_sent_is_not_sent_again() -> None:
    owing = owed()
    mailing.send(owing.pk)

    mailing.send(owing.pk)
    mailing.send_due()
    tasks.send_mail(owing.pk)
    tasks.sweep_mails()

    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_the_sweep_sends_all_that_is_due_and_nothing_else() -> None:
    order, later = make.order(), owed(OrderMail.Kind.LINK, order=make.order(make.package("later")))
    OrderMail.objects.update(send_at=timezone.now() + timedelta(minutes=1))
    mails.owe(order, OrderMail.Kind.RECEIVED)
    mails.owe(order, OrderMail.Kind.DELIVERED)

    tasks.sweep_mails()

    assert len(mail.outbox) == 2
    assert list(OrderMail.objects.filter(sent_at=None)) == [later]


@pytest.mark.django_db(transaction=True)
def test_of_many_senders_one_sends() -> None:
    owing = owed()

    outcomes = together(8, lambda _number: mailing.send(owing.pk))

    assert outcomes == [None] * 8
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_a_sender_that_dies_leaves_the_mail_to_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    owing = owed()
    with monkeypatch.context() as dying:
        dying.setattr(EmailMultiAlternatives, "message", _die)
        with pytest.raises(SystemExit):
            mailing.send(owing.pk)
    mailing.send(owing.pk)
    assert mail.outbox == []  # another may still be at it

    _time_passes()
    mailing.send_due()

    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_a_mail_that_was_sent_twice_has_one_id() -> None:
    owing = owed()
    mailing.send(owing.pk)
    mailing.send_again(owing)

    mailing.send_due()

    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


@pytest.mark.django_db
@pytest.mark.usefixtures("no_mail_server")
def test_while_the_server_is_away_mails_keep_their_tries(caplog: pytest.LogCaptureFixture) -> None:
    first, second = owed(), owed(order=make.order(make.package("second")))

    mailing.send_due()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.attempts, second.attempts) == (1, 0)
    assert first.last_error == "ConnectionRefusedError"
    assert first.send_at is not None
    assert first.send_at > timezone.now() + timedelta(minutes=1)
    assert "guest@example.com" not in caplog.text


@pytest.mark.django_db
def test_an_address_that_nobody_has_holds_up_nobody_else(
    picky: Picky, caplog: pytest.LogCaptureFixture
) -> None:
    bad = owed(order=make.order(email="nobody@example.com"))
    good = owed(order=make.order(make.package("good")))

    mailing.send_due()

    bad.refresh_from_db()
    good.refresh_from_db()
    assert picky.received == ["guest@example.com"]
    assert (bad.sent_at, bad.last_error) == (None, smtplib.SMTPRecipientsRefused.__name__)
    assert good.sent_at is not None
    [ours] = [record.getMessage() for record in caplog.records if record.name == outbox.__name__]
    assert "nobody@example.com" not in ours


@pytest.mark.django_db
@pytest.mark.usefixtures("no_mail_server")
def test_after_a_day_a_mail_is_given_up_and_says_why() -> None:
    owing = owed()

    waited = _tried_in_vain(owing)

    owing.refresh_from_db()
    assert timedelta(hours=22) < waited < timedelta(hours=26)
    assert (owing.sent_at, owing.last_error) == (None, "ConnectionRefusedError")


@pytest.mark.django_db
def test_a_mail_that_was_given_up_can_be_sent_again() -> None:
    owing = owed()
    OrderMail.objects.update(send_at=None, attempts=outbox.MOST_ATTEMPTS, last_error="OSError")

    mailing.send_again(owing)
    mailing.send_due()

    owing.refresh_from_db()
    assert len(mail.outbox) == 1
    assert (owing.attempts, owing.last_error) == (1, "")


@pytest.mark.django_db
def test_a_mail_about_a_new_browser_says_when_and_what_to_do() -> None:
    owing = owed(OrderMail.Kind.OPENED, occasion="7")
    OrderMail.objects.update(created_at="2026-05-04 03:02:01+00:00")

    mailing.send(owing.pk)

    assert "On 2026-05-04 03:02 UTC" in sent().body
    assert "replace the key at once" in sent().body


@pytest.mark.django_db
def test_the_buyer_reads_whom_to_write_to(settings: Settings) -> None:
    settings.SUPPORT_EMAIL = "help@shop.example"

    mailing.send(owed().pk)

    assert "help@shop.example" in sent().body


def _die(self: EmailMultiAlternatives) -> None:
    raise SystemExit


def _tried_in_vain(owing: OrderMail) -> timedelta:
    """Let time pass from one try to the next until there is none; return how long that takes."""
    waited = timedelta()
    while (due_at := _when_due(owing)) is not None:
        waited += due_at - timezone.now()
        _time_passes()
        mailing.send_due()
    return waited


def _when_due(owing: OrderMail) -> datetime | None:
    return OrderMail.objects.values_list("send_at", flat=True).get(pk=owing.pk)


def _time_passes() -> None:
    OrderMail.objects.exclude(send_at=None).update(send_at=timezone.now())


def sent() -> EmailMultiAlternatives:
    (letter,) = mail.outbox
    assert isinstance(letter, EmailMultiAlternatives)
    return letter
