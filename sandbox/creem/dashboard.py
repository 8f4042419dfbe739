"""The store's dashboard and the buyer's portal: what was paid and what was sent, for people."""

from collections.abc import Callable
from html import escape

from aiohttp import web

from sandbox.creem import purchases, subscription_pages
from sandbox.creem.api import STORE
from sandbox.creem.entities import Customer, Event, Order, Product, Transaction
from sandbox.creem.errors import ApiError
from sandbox.creem.pay_pages import money
from sandbox.creem.store import Store
from sandbox.creem.tables import button, row
from sandbox.page import page

MOST_ROWS = 100

_DASHBOARD = """
<p>The newest {most} payments and webhooks of this local Creem. Its switches are under
<code>/control/creem</code>.</p>
<h2>Payments</h2>
<div class="wide" role="region" aria-label="Payments" tabindex="0">
<table>
<tr><th>Transaction</th><th>Product</th><th>Buyer</th><th>Paid</th><th>Status</th><th>Do</th></tr>
{payments}
</table>
</div>
<h2>Subscriptions</h2>
<div class="wide" role="region" aria-label="Subscriptions" tabindex="0">
<table>
<tr><th>Subscription</th><th>Product</th><th>Buyer</th><th>Period ends</th><th>Status</th><th>Do</th></tr>
{subscriptions}
</table>
</div>
<h2>Webhooks to {url}</h2>
<div class="wide" role="region" aria-label="Webhooks" tabindex="0">
<table>
<tr><th>Event</th><th>Kind</th><th>State</th><th>Answers</th><th>Do</th></tr>
{events}
</table>
</div>
"""


def add_to(app: web.Application) -> None:
    """Let ``app``, which is mounted at ``/creem``, show the dashboard, and each buyer's orders."""
    app.router.add_get("", _dashboard)
    app.router.add_post("/transactions/{id}/refund", _refund)
    app.router.add_post("/transactions/{id}/dispute", _dispute)
    app.router.add_post("/events/{id}/resend", _resend)
    app.router.add_get("/my-orders/login/{id}", _portal)
    subscription_pages.add_to(app)


async def _dashboard(request: web.Request) -> web.Response:
    store = request.app[STORE]
    payments = "\n".join(_payment(store, *each) for each in store.transactions()[:MOST_ROWS])
    events = "\n".join(_event(each) for each in store.records.all(Event)[: -MOST_ROWS - 1 : -1])
    return page(
        title="Creem",
        body=_DASHBOARD.format(
            most=MOST_ROWS,
            payments=payments or '<tr><td colspan="6">Nothing was paid yet.</td></tr>',
            subscriptions=subscription_pages.of_store(store, most=MOST_ROWS)
            or '<tr><td colspan="6">Nobody has subscribed yet.</td></tr>',
            url=escape(store.webhooks.url or "nowhere"),
            events=events or '<tr><td colspan="5">Nothing was sent yet.</td></tr>',
        ),
    )


def _payment(store: Store, transaction: Transaction, order: Order) -> str:
    address = f"/creem/transactions/{transaction.id}"
    is_whole = transaction.status == "paid"
    return row(
        f"<code>{transaction.id}</code>",
        escape(store.records.get(Product, order.product_id).name),
        escape(store.records.get(Customer, order.customer_id).email),
        money(order.amount_paid, order.currency),
        transaction.status,
        button(f"{address}/refund", "Refund") + button(f"{address}/dispute", "Dispute") if is_whole else "",
    )


def _event(event: Event) -> str:
    outcomes = ", ".join(str(outcome) for attempt in event.attempts for outcome in attempt["outcomes"])
    resend = button(f"/creem/events/{event.id}/resend", "Resend")
    return row(f"<code>{event.id}</code>", escape(event.kind), event.state, outcomes, resend)


async def _refund(request: web.Request) -> web.Response:
    return _after(purchases.refund, request)


async def _dispute(request: web.Request) -> web.Response:
    return _after(purchases.dispute, request)


def _after(act: Callable[[Store, Transaction], Transaction], request: web.Request) -> web.Response:
    try:
        act(request.app[STORE], request.app[STORE].found(Transaction, request.match_info["id"]))
    except ApiError as refusal:
        raise web.HTTPConflict(text=str(refusal)) from None
    raise web.HTTPSeeOther("/creem")


async def _resend(request: web.Request) -> web.Response:
    store = request.app[STORE]
    event = store.records.find(Event, request.match_info["id"])
    if event is not None:
        store.webhooks.resend(event)
    raise web.HTTPSeeOther("/creem")


async def _portal(request: web.Request) -> web.Response:
    store = request.app[STORE]
    rows = [
        row(
            escape(store.records.get(Product, order.product_id).name),
            money(order.amount_paid, order.currency),
            transaction.status,
        )
        for transaction, order in store.transactions(customer_id=request.match_info["id"])
    ]
    plans = subscription_pages.of_buyer(store, request.match_info["id"])
    return page(title="My orders", body=f"<table>{plans}</table><table>{''.join(rows)}</table>")
