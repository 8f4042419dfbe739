"""The mailbox over HTTP: pages for people, JSON for tests."""

from html import escape

import orjson
from aiohttp import web

from sandbox.mailbox import CAPACITY, Mail, Mailbox, split_at_links
from sandbox.page import page

LONGEST_WAIT_SECONDS = 60

_MAILBOX = web.AppKey("mailbox", Mailbox)

# A mail may show itself and open its links in a new tab; no script, no form, nothing from elsewhere.
_MAIL_MAY = "allow-popups allow-popups-to-escape-sandbox"
_MAIL_POLICY = f"sandbox {_MAIL_MAY}; default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def add_to(app: web.Application, mailbox: Mailbox) -> None:
    """Let ``app`` show ``mailbox`` under ``/mailbox``."""
    app[_MAILBOX] = mailbox
    app.router.add_get("/mailbox", _list_page)
    app.router.add_get(r"/mailbox/{id:\d+}", _mail_page)
    app.router.add_get(r"/mailbox/{id:\d+}/html", _mail_html)
    app.router.add_get("/mailbox.json", _list_json)
    app.router.add_delete("/mailbox.json", _clear)


async def _list_page(request: web.Request) -> web.Response:
    mails = request.app[_MAILBOX].mails()
    rows = "\n".join(map(_row, mails)) or '<tr><td colspan="3">No mail yet.</td></tr>'
    return page(
        title="Mailbox",
        body=f"<p>The newest {CAPACITY} mails that were sent through this sandbox, kept in memory.</p>\n"
        f"<table>\n<tr><th>To</th><th>Subject</th><th>Received</th></tr>\n{rows}\n</table>",
    )


def _row(mail: Mail) -> str:
    return (
        f"<tr><td>{escape(', '.join(mail.to))}</td>"
        f'<td><a href="/mailbox/{mail.id}">{escape(_title(mail))}</a></td>'
        f"<td>{mail.received_at:%Y-%m-%d %H:%M:%S} UTC</td></tr>"
    )


async def _mail_page(request: web.Request) -> web.Response:
    mail = _mail(request)
    headers = "\n".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in mail.headers
    )
    text = f"<h2>Text</h2>\n<pre>{_linked(mail.text)}</pre>\n" if mail.text else ""
    return page(
        title=_title(mail), body=f"<table>\n{headers}\n</table>\n{text}{_frame(mail) if mail.html else ''}"
    )


def _frame(mail: Mail) -> str:
    address = f"/mailbox/{mail.id}/html"
    return f'<h2>HTML</h2>\n<iframe title="HTML part" sandbox="{_MAIL_MAY}" src="{address}"></iframe>'


def _linked(text: str) -> str:
    return "".join(
        escape(before) + (f'<a href="{escape(link)}">{escape(link)}</a>' if link else "")
        for before, link in split_at_links(text)
    )


async def _mail_html(request: web.Request) -> web.Response:
    return web.Response(
        text=f'<base target="_blank">{_mail(request).html}',
        content_type="text/html",
        charset="utf-8",
        headers={"Content-Security-Policy": _MAIL_POLICY},
    )


def _mail(request: web.Request) -> Mail:
    mail = request.app[_MAILBOX].find(int(request.match_info["id"]))
    if mail is None:
        raise web.HTTPNotFound(text="This mail is not kept here.")
    return mail


def _title(mail: Mail) -> str:
    return mail.subject or "(no subject)"


async def _list_json(request: web.Request) -> web.Response:
    mails = await request.app[_MAILBOX].wait_for_mails(
        to=request.query.get("to"),
        since=_whole_number(request, "since"),
        seconds=min(_whole_number(request, "wait"), LONGEST_WAIT_SECONDS),
    )
    return web.Response(body=orjson.dumps(mails), content_type="application/json")


def _whole_number(request: web.Request, name: str) -> int:
    value = request.query.get(name, "0")
    if not value.isdecimal():
        raise web.HTTPBadRequest(text=f"{name} is a whole number.")
    return int(value)


async def _clear(request: web.Request) -> web.Response:
    request.app[_MAILBOX].clear()
    return web.Response(status=204)
