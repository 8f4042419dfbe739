"""Subscriptions for people: in the store's dashboard, with a button for each act, and in the portal."""

from html import escape

from aiohttp import web

from sandbox.clock import iso
from sandbox.creem.api import STORE
from sandbox.creem.entities import Customer, Product, Subscription
from sandbox.creem.errors import ApiError
from sandbox.creem.store import Store
from sandbox.creem.subscription_acts import act
from sandbox.creem.tables import button, row

# What each button of the dashboard asks for.
_OF_STORE = {
    "Renew": "renew",
    "Fail": "fail",
    "Cancel now": "cancel",
    "Expire": "expire",
    "End the period": "end-period",
    "Pause": "pause",
    "Resume": "resume",
}
# And of the portal, with what it adds.
_OF_BUYER: dict[str, tuple[str, dict[str, str]]] = {
    "Cancel at the end of the period": ("cancel", {"mode": "scheduled"}),
    "Resume": ("resume", {}),
}


def add_to(app: web.Application) -> None:
    """Let ``app``, which is mounted at ``/creem``, take the buttons."""
    app.router.add_post("/subscriptions/{id}/{act}", _act)
    app.router.add_post("/my-orders/{customer}/{id}/{act}", _act_as_buyer)


def of_store(store: Store, *, most: int) -> str:
    """Return the rows of the newest subscriptions."""
    return "\n".join(_row(store, each) for each in store.subscriptions()[:most])


def of_buyer(store: Store, customer_id: str) -> str:
    """Return the rows of a buyer's subscriptions."""
    return "\n".join(_buyers_row(store, each) for each in store.subscriptions(customer_id=customer_id))


def _row(store: Store, subscription: Subscription) -> str:
    address = f"/creem/subscriptions/{subscription.id}"
    buttons = [button(f"{address}/{what}", text) for text, what in _offered(subscription).items()]
    return row(
        f"<code>{subscription.id}</code>",
        escape(store.records.get(Product, subscription.product_id).name),
        escape(store.records.get(Customer, subscription.customer_id).email),
        iso(subscription.period_end),
        subscription.status,
        "".join(buttons),
    )


def _offered(subscription: Subscription) -> dict[str, str]:
    if subscription.status == "canceled":
        return {}
    return {"End the trial": "end-trial", **_OF_STORE} if subscription.status == "trialing" else _OF_STORE


def _buyers_row(store: Store, subscription: Subscription) -> str:
    address = f"/creem/my-orders/{subscription.customer_id}/{subscription.id}"
    is_to_end = subscription.status in {"scheduled_cancel", "paused"}
    text = "Resume" if is_to_end else "Cancel at the end of the period"
    what, _adds = _OF_BUYER[text]
    return row(
        escape(store.records.get(Product, subscription.product_id).name),
        iso(subscription.period_end),
        subscription.status,
        "" if subscription.status == "canceled" else button(f"{address}/{what}", text),
    )


async def _act(request: web.Request) -> web.Response:
    _let(request, request.match_info["act"], {})
    raise web.HTTPSeeOther("/creem")


async def _act_as_buyer(request: web.Request) -> web.Response:
    offered = dict(_OF_BUYER.values())
    name = request.match_info["act"]
    if name not in offered:
        raise web.HTTPNotFound
    _let(request, name, offered[name])
    raise web.HTTPSeeOther(f"/creem/my-orders/login/{request.match_info['customer']}")


def _let(request: web.Request, name: str, adds: dict[str, str]) -> None:
    store = request.app[STORE]
    try:
        act(store, store.found(Subscription, request.match_info["id"]), name, adds)
    except ApiError as refusal:
        raise web.HTTPConflict(text=str(refusal)) from None
