"""The merchant's dashboard: what was asked for, what arrived and what was told, for people."""

from html import escape

from aiohttp import web

from sandbox.nowpayments.api import STORE
from sandbox.nowpayments.entities import Notification, Payment
from sandbox.nowpayments.pay_pages import address_of
from sandbox.page import page

MOST_ROWS = 100

_DASHBOARD = """
<p>The newest {most} payments and notifications of this local NowPayments. A payment's page is also the wallet
to pay it from. The switches are under <code>/control/nowpayments</code>.</p>
<h2>Payments</h2>
<div class="wide" role="region" aria-label="Payments" tabindex="0">
<table>
<tr><th>Payment</th><th>Order</th><th>Price</th><th>Asked for</th><th>Arrived</th><th>Status</th></tr>
{payments}
</table>
</div>
<h2>Notifications</h2>
<div class="wide" role="region" aria-label="Notifications" tabindex="0">
<table>
<tr><th>Notification</th><th>To</th><th>State</th><th>Answers</th><th>Do</th></tr>
{notifications}
</table>
</div>
"""


def add_to(app: web.Application) -> None:
    """Let ``app``, which is mounted at ``/nowpayments``, show the dashboard."""
    app.router.add_get("", _dashboard)
    app.router.add_post("/notifications/{id}/resend", _resend)


async def _dashboard(request: web.Request) -> web.Response:
    records = request.app[STORE].records
    payments = "\n".join(_payment(each) for each in records.all(Payment)[: -MOST_ROWS - 1 : -1])
    notifications = "\n".join(
        _notification(each) for each in records.all(Notification)[: -MOST_ROWS - 1 : -1]
    )
    return page(
        title="NowPayments",
        body=_DASHBOARD.format(
            most=MOST_ROWS,
            payments=payments or '<tr><td colspan="6">Nothing was asked for yet.</td></tr>',
            notifications=notifications or '<tr><td colspan="5">Nothing was told yet.</td></tr>',
        ),
    )


def _payment(payment: Payment) -> str:
    origin = f" of {payment.parent_id}" if payment.parent_id else ""
    return _row(
        f'<a href="{escape(str(address_of(payment)))}">{payment.id}</a>{origin}',
        escape(payment.order_id or ""),
        f"{payment.price_amount} {escape(payment.price_currency.upper())}",
        f"{payment.pay_amount} {payment.pay_currency}",
        payment.actually_paid,
        payment.status,
    )


def _notification(told: Notification) -> str:
    outcomes = ", ".join(str(outcome) for attempt in told.attempts for outcome in attempt["outcomes"])
    resend = f"/nowpayments/notifications/{told.id}/resend"
    button = f'<form method="post" action="{resend}"><button>Resend</button></form>'
    return _row(
        f"{told.id}: {escape(told.kind)}", escape(told.url or "nowhere"), told.state, outcomes, button
    )


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


async def _resend(request: web.Request) -> web.Response:
    store = request.app[STORE]
    told = store.records.find(Notification, request.match_info["id"])
    if told is not None:
        store.ipns.resend(told)
    raise web.HTTPSeeOther("/nowpayments")
