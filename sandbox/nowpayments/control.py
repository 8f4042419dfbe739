"""The local NowPayments' controls: its switches, and what a buyer or the merchant could do."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import orjson
from aiohttp import web

from sandbox import faults
from sandbox.answers import as_json, refused, whole_number
from sandbox.nowpayments import acts, movements, told, wishes
from sandbox.nowpayments.api import STORE
from sandbox.nowpayments.entities import Notification, Payment
from sandbox.nowpayments.settings import Rules
from sandbox.nowpayments.store import Store

LONGEST_WAIT_SECONDS = 60

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build(store: Store) -> web.Application:
    """Return the application to mount at ``/control/nowpayments``."""
    app = web.Application(middlewares=[_explain])
    app[STORE] = store
    faults.add_control(app, "/api", store.faults)
    app.router.add_get("/traffic", _traffic)
    app.router.add_get("/rules", _rules)
    app.router.add_post("/rules", _choose)
    app.router.add_get("/ipns", _switches)
    app.router.add_post("/ipns", _handle)
    app.router.add_post("/ipns/spelling", _spell)
    app.router.add_get("/notifications", _notifications)
    app.router.add_post("/notifications", _tell)
    app.router.add_post("/notifications/{id}/resend", _resend)
    app.router.add_get("/payments", _payments)
    app.router.add_post("/payments", _keep)
    app.router.add_post("/payments/{id}/deposit", _deposit)
    app.router.add_post("/payments/{id}/{act}", _perform)
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


async def _rules(request: web.Request) -> web.Response:
    return as_json(request.app[STORE].rules)


async def _choose(request: web.Request) -> web.Response:
    """Set all rules of the merchant anew: those that are left out are as usual."""
    request.app[STORE].rules = Rules(**await _order(request))
    return await _rules(request)


async def _switches(request: web.Request) -> web.Response:
    store = request.app[STORE]
    return as_json({"handling": store.ipns.handling.in_force, "spelling": store.spelling.in_force})


async def _handle(request: web.Request) -> web.Response:
    """Say what the next notifications meet on their way."""
    request.app[STORE].ipns.handling.turn(await _order(request))
    return await _switches(request)


async def _spell(request: web.Request) -> web.Response:
    """Say how the next notifications are written."""
    request.app[STORE].spelling.turn(await _order(request))
    return await _switches(request)


async def _notifications(request: web.Request) -> web.Response:
    """List all notifications, oldest first; ``?wait=10`` waits up to 10 seconds until nothing moves."""
    store = request.app[STORE]
    await store.wait_until_quiet(seconds=min(whole_number(request, "wait"), LONGEST_WAIT_SECONDS))
    return as_json(store.records.all(Notification))


async def _tell(request: web.Request) -> web.Response:
    """Sign and send any `body` to a `url`, true or not."""
    store, order = request.app[STORE], await _order(request)
    notification = store.ipns.write_anything(order["body"], url=order["url"])
    store.records.keep(notification)
    store.ipns.send(notification)
    return as_json(notification)


async def _resend(request: web.Request) -> web.Response:
    store = request.app[STORE]
    store.ipns.resend(store.found(Notification, request.match_info["id"]))
    return as_json({})


async def _payments(request: web.Request) -> web.Response:
    """List all payments, oldest first."""
    return as_json(request.app[STORE].records.all(Payment))


async def _keep(request: web.Request) -> web.Response:
    """Keep a payment as the body, that of a notification, tells it. Nobody is told."""
    payment = told.read(wishes.parse(await request.read()))
    request.app[STORE].records.keep(payment)
    return as_json(payment)


async def _deposit(request: web.Request) -> web.Response:
    """Let an `amount` arrive at the address of a payment, in its own coin or in another `coin`."""
    store, order = request.app[STORE], await _order(request)
    payment = store.found(Payment, request.match_info["id"])
    amount = wishes.amount_in(str(order["amount"]))
    came_to = movements.deposit(store, payment, amount=amount, coin=order.get("coin", payment.pay_currency))
    return as_json(came_to and asdict(came_to))


async def _perform(request: web.Request) -> web.Response:
    """Do what the button of this name does."""
    store, payment_id = request.app[STORE], request.match_info["id"]
    came_to = acts.perform(store, store.found(Payment, payment_id), request.match_info["act"])
    return as_json(came_to and asdict(came_to))


async def _order(request: web.Request) -> dict[str, Any]:
    order = orjson.loads(await request.read() or b"{}")
    if not isinstance(order, dict):
        raise ValueError("The body must be a JSON object.")  # noqa: TRY004 - the caller's mistake
    return order
