"""The mailbox: an SMTP server that keeps what is sent through it, and lets a reader wait for a mail."""

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from functools import partial
from itertools import count

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox import clock

CAPACITY = 500

_LINK = re.compile(r"https?://[!#-;=?-~]+")  # printable ASCII but for quotation marks and angle brackets
_NO_END_OF_A_LINK = ".,:;!?)]}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail as received. `to` is the envelope's, so it names those in blind copy too."""

    id: int
    received_at: datetime
    sender: str
    to: tuple[str, ...]
    subject: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    links: tuple[str, ...]


class Mailbox:
    """Keeps the newest mails in memory."""

    def __init__(self) -> None:
        self._mails: deque[Mail] = deque(maxlen=CAPACITY)
        self._ids = count(1)
        self._arrival = asyncio.Condition()

    async def receive(self, content: bytes, *, sender: str, to: tuple[str, ...]) -> None:
        """Keep a mail, and wake those who wait for it."""
        mail = _read(content, mail_id=next(self._ids), sender=sender, to=to)
        async with self._arrival:
            self._mails.appendleft(mail)
            self._arrival.notify_all()

    def find(self, mail_id: int) -> Mail | None:
        """Return the mail with this id, if it is still kept."""
        return next((mail for mail in self._mails if mail.id == mail_id), None)

    def mails(self, *, to: str | None = None, since: int = 0) -> list[Mail]:
        """Return the mails newest first: those for address ``to``, those with an id above ``since``."""
        return [
            mail
            for mail in self._mails
            if mail.id > since and (to is None or to.lower() in map(str.lower, mail.to))
        ]

    async def wait_for_mails(self, *, to: str | None, since: int, seconds: float) -> list[Mail]:
        """Return the same as `mails`, as soon as there is one, and after ``seconds`` at the latest."""
        async with self._arrival:
            try:
                async with asyncio.timeout(seconds):
                    await self._arrival.wait_for(lambda: self.mails(to=to, since=since))
            except TimeoutError:
                pass
        return self.mails(to=to, since=since)

    def clear(self) -> None:
        """Throw all mails away."""
        self._mails.clear()


def split_at_links(text: str) -> list[tuple[str, str]]:
    """Cut ``text`` into pairs of plain text and the web address after it; the last address is empty."""
    pairs = []
    start = 0
    for match in _LINK.finditer(text):
        link = match.group().rstrip(_NO_END_OF_A_LINK)
        pairs.append((text[start : match.start()], link))
        start = match.start() + len(link)
    return [*pairs, (text[start:], "")]


async def start_smtp(mailbox: Mailbox, *, host: str, port: int) -> asyncio.Server:
    """Listen for mails to ``mailbox``."""
    protocol = partial(SMTP, _Sink(mailbox), enable_SMTPUTF8=True, hostname="sandbox", ident="sandbox")
    return await asyncio.get_running_loop().create_server(protocol, host, port)


class _Sink:
    """What aiosmtpd tells about each mail."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        await self._mailbox.receive(
            envelope.original_content or b"", sender=envelope.mail_from or "", to=tuple(envelope.rcpt_tos)
        )
        return "250 OK"


def _read(content: bytes, *, mail_id: int, sender: str, to: tuple[str, ...]) -> Mail:
    message: EmailMessage = message_from_bytes(content, policy=policy.default)
    text = _body(message, "plain")
    return Mail(
        id=mail_id,
        received_at=clock.now(),
        sender=sender,
        to=to,
        subject=str(message.get("Subject", "")),
        headers=tuple((name, str(value)) for name, value in message.items()),
        text=text,
        html=_body(message, "html"),
        links=tuple(link for _, link in split_at_links(text) if link),
    )


def _body(message: EmailMessage, subtype: str) -> str:
    part = message.get_body(preferencelist=(subtype,))
    return "" if part is None else _decoded(part).replace("\r\n", "\n")


def _decoded(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except LookupError:  # a charset that Python does not know
        return bytes(part.get_payload(decode=True)).decode(errors="replace")
