"""The local Creem's controls: its switches, its products, and what a dashboard or a buyer could do."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from sandbox import faults
from sandbox.answers import as_json, refused, whole_number
from sandbox.creem import purchases
from sandbox.creem.api import STORE
from sandbox.creem.entities import Checkout, Event, Product, Subscription, Transaction
from sandbox.creem.errors import invalid
from sandbox.creem.purchases import Buyer
from sandbox.creem.store import Store
from sandbox.creem.subscription_acts import act

LONGEST_WAIT_SECONDS = 60

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build(store: Store) -> web.Application:
    """Return the application to mount at ``/control/creem``."""
    app = web.Application(middlewares=[_explain])
    app[STORE] = store
    faults.add_control(app, "/api", store.faults)
    app.router.add_get("/traffic", _traffic)
    app.router.add_get("/products", _products)
    app.router.add_post("/products", _configure)
    app.router.add_get("/webhooks", _webhooks)
    app.router.add_post("/webhooks", _turn)
    app.router.add_post("/webhooks/url", _register)
    app.router.add_get("/events", _events)
    app.router.add_post("/events", _tell)
    app.router.add_post("/events/{id}/resend", _resend)
    app.router.add_post("/checkouts/{id}/pay", _pay)
    app.router.add_post("/checkouts/{id}/expire", _expire)
    app.router.add_get("/subscriptions", _subscriptions)
    app.router.add_post("/subscriptions/{id}/{act}", _act)
    app.router.add_post("/transactions/{id}/refund", _refund)
    app.router.add_post("/transactions/{id}/dispute", _dispute)
    return app


@web.middleware
async def _explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (ValueError, TypeError, KeyError) as error:  # ApiError and JSONDecodeError are ValueErrors
        return refused(str(error))


async def _traffic(request: web.Request) -> web.Response:
    """Show the traffic log; ``?since=7`` leaves out all up to entry 7."""
    return as_json(request.app[STORE].traffic.entries(since=whole_number(request, "since")))


async def _products(request: web.Request) -> web.Response:
    return as_json(request.app[STORE].records.all(Product))


async def _configure(request: web.Request) -> web.Response:
    """Put the listed products up for sale, each with the id that it names."""
    return as_json(request.app[STORE].configure(orjson.loads(await request.read())))


async def _webhooks(request: web.Request) -> web.Response:
    webhooks = request.app[STORE].webhooks
    return as_json({"url": webhooks.url, "handling": webhooks.handling.in_force})


async def _turn(request: web.Request) -> web.Response:
    """Say what the next events meet on their way."""
    request.app[STORE].webhooks.handling.turn(orjson.loads(await request.read()))
    return await _webhooks(request)


async def _register(request: web.Request) -> web.Response:
    """Send webhooks to another address from now on."""
    url = (await _order(request)).get("url")
    if not isinstance(url, str):
        raise invalid("url is a string, empty for none")
    request.app[STORE].webhooks.url = url
    return await _webhooks(request)


async def _events(request: web.Request) -> web.Response:
    """List all events, oldest first; ``?wait=10`` waits up to 10 seconds until none is on its way."""
    store = request.app[STORE]
    seconds = min(whole_number(request, "wait"), LONGEST_WAIT_SECONDS)
    await store.webhooks.wait_until_quiet(seconds=seconds)
    return as_json(store.records.all(Event))


async def _tell(request: web.Request) -> web.Response:
    """Sign and send an event of any `eventType` about any `object`, true or not."""
    store, order = request.app[STORE], await _order(request)
    event = store.webhooks.write(order["eventType"], order["object"])
    store.records.keep(event)
    store.webhooks.send(event)
    return as_json(event)


async def _resend(request: web.Request) -> web.Response:
    store = request.app[STORE]
    store.webhooks.resend(store.found(Event, request.match_info["id"]))
    return as_json({})


async def _pay(request: web.Request) -> web.Response:
    """Pay as the buyer whom the body names by `email`, `name` and `country`, `seconds_ago`."""
    store, order = request.app[STORE], await _order(request)
    seconds_ago = int(order.pop("seconds_ago", 0))
    checkout = store.found(Checkout, request.match_info["id"])
    return as_json(purchases.pay(store, checkout, Buyer(**order), seconds_ago=seconds_ago))


async def _subscriptions(request: web.Request) -> web.Response:
    return as_json(request.app[STORE].subscriptions())


async def _act(request: web.Request) -> web.Response:
    """Let happen to a subscription what the address says, with what the body adds."""
    store = request.app[STORE]
    subscription = store.found(Subscription, request.match_info["id"])
    return as_json(act(store, subscription, request.match_info["act"], await _order(request)))


async def _expire(request: web.Request) -> web.Response:
    store = request.app[STORE]
    return as_json(purchases.expire(store, store.found(Checkout, request.match_info["id"])))


async def _refund(request: web.Request) -> web.Response:
    """Refund the `amount` and for the `reason` in the body; without them all, as the customer asked for."""
    return as_json(purchases.refund(request.app[STORE], _transaction(request), **await _order(request)))


async def _dispute(request: web.Request) -> web.Response:
    return as_json(purchases.dispute(request.app[STORE], _transaction(request)))


def _transaction(request: web.Request) -> Transaction:
    return request.app[STORE].found(Transaction, request.match_info["id"])


async def _order(request: web.Request) -> dict[str, Any]:
    order = orjson.loads(await request.read() or b"{}")
    if not isinstance(order, dict):
        raise invalid("The body must be a JSON object.")
    return order
