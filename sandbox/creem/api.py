"""Creem's API under ``/creem/v1``, as far as purchases and subscriptions need it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import orjson
from aiohttp import web

from sandbox import faults, traffic
from sandbox.answers import as_json
from sandbox.creem import errors, purchases, subscriptions, wire
from sandbox.creem.checkouts import open_checkout
from sandbox.creem.entities import Checkout, Customer, Order, Product, Subscription, Transaction
from sandbox.creem.errors import ApiError, invalid, not_found
from sandbox.creem.products import read_product
from sandbox.creem.store import Store

STORE = web.AppKey("creem_store", Store)

_USUAL_PAGE_SIZE = 10
_LARGEST_PAGE_SIZE = 100

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Found = TypeVar("Found")


def build(store: Store) -> web.Application:
    """Return the application to mount at ``/creem/v1``."""
    app = web.Application(middlewares=[_noted, _faulty, _as_creem_would])
    app[STORE] = store
    app.router.add_post("/checkouts", _create_checkout)
    app.router.add_get("/checkouts", _get_checkout)
    app.router.add_post("/products", _create_product)
    app.router.add_get("/products", _get_product)
    app.router.add_get("/products/search", _search_products)
    app.router.add_get("/products/{product_id}", _get_product)
    app.router.add_get("/transactions", _get_transaction)
    app.router.add_get("/transactions/search", _search_transactions)
    app.router.add_post("/customers/billing", _customer_links)
    app.router.add_post("/refunds", _refund)
    app.router.add_get("/subscriptions", _get_subscription)
    app.router.add_get("/subscriptions/search", _search_subscriptions)
    app.router.add_post("/subscriptions/{id}/cancel", _cancel)
    app.router.add_post("/subscriptions/{id}/pause", _pause)
    app.router.add_post("/subscriptions/{id}/resume", _resume)
    app.router.add_post("/subscriptions/{id}/upgrade", _upgrade)
    return app


@web.middleware
async def _noted(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await traffic.noted(request, handler, traffic=request.app[STORE].traffic)


@web.middleware
async def _faulty(request: web.Request, handler: Handler) -> web.StreamResponse:
    store = request.app[STORE]
    return await faults.answer(request, handler, faults=store.faults, failure=errors.told_to_fail)


@web.middleware
async def _as_creem_would(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        if request.headers.get("x-api-key") != request.app[STORE].settings.api_key:
            raise errors.unauthorized()
        return await handler(request)
    except ApiError as refusal:
        return refusal.response()
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return not_found(f"Cannot {request.method} {request.path}:").response()


async def _create_checkout(request: web.Request) -> web.Response:
    store = request.app[STORE]
    checkout = open_checkout(store, await _body(request))
    url = request.url.origin() / "creem" / store.mode / "checkout" / checkout.product_id / checkout.id
    return as_json(wire.pending_checkout(checkout, mode=store.mode) | {"checkout_url": str(url)})


async def _get_checkout(request: web.Request) -> web.Response:
    store = request.app[STORE]
    checkout = store.found(Checkout, _required(request, "checkout_id"))
    if store.order_of(checkout) is None:
        return as_json(wire.pending_checkout(checkout, mode=store.mode))
    return as_json(purchases.completed(store, checkout))


async def _create_product(request: web.Request) -> web.Response:
    product = read_product(await _body(request))
    request.app[STORE].records.keep(product)
    return _product(request, product)


async def _get_product(request: web.Request) -> web.Response:
    product_id = request.match_info.get("product_id") or _required(request, "product_id")
    return _product(request, request.app[STORE].found(Product, product_id))


def _product(request: web.Request, product: Product) -> web.Response:
    return as_json(wire.product(product, mode=request.app[STORE].mode))


async def _search_products(request: web.Request) -> web.Response:
    store = request.app[STORE]
    newest_first = store.records.all(Product)[::-1]
    return _page(request, newest_first, lambda product: wire.product(product, mode=store.mode))


async def _get_transaction(request: web.Request) -> web.Response:
    store = request.app[STORE]
    transaction = store.found(Transaction, _required(request, "transaction_id"))
    return as_json(_transaction(store, transaction, store.records.get(Order, transaction.order_id)))


async def _search_transactions(request: web.Request) -> web.Response:
    store = request.app[STORE]
    wanted = {name: request.query.get(name) for name in ("customer_id", "order_id", "product_id")}
    return _page(request, store.transactions(**wanted), lambda found: _transaction(store, *found))


def _transaction(store: Store, transaction: Transaction, order: Order) -> wire.Entity:
    buyer = store.records.get(Customer, order.customer_id)
    return wire.transaction(transaction, order, buyer, mode=store.mode)


async def _customer_links(request: web.Request) -> web.Response:
    customer = request.app[STORE].found(Customer, (await _body(request)).get("customer_id"))
    url = request.url.origin() / "creem" / "my-orders" / "login" / customer.id
    return as_json({"customer_portal_link": str(url)})


async def _refund(request: web.Request) -> web.Response:
    store = request.app[STORE]
    purchases.refund(store, store.found(Transaction, (await _body(request)).get("transaction_id")))
    return as_json({"status": "pending"})


async def _get_subscription(request: web.Request) -> web.Response:
    store = request.app[STORE]
    return as_json(store.described(store.found(Subscription, _required(request, "subscription_id"))))


async def _search_subscriptions(request: web.Request) -> web.Response:
    store, status = request.app[STORE], request.query.get("status")
    found = [each for each in store.subscriptions() if status in (None, each.status)]
    return _page(request, found, store.described)


async def _cancel(request: web.Request) -> web.Response:
    """Cancel; without a mode at once, as this store is set to."""
    wish = await _body(request) if await request.read() else {}
    mode, at_end = str(wish.get("mode", "immediate")), str(wish.get("onExecute", "cancel"))
    store, subscription = request.app[STORE], _subscription(request)
    return as_json(store.described(subscriptions.cancel(store, subscription, mode=mode, at_end=at_end)))


async def _pause(request: web.Request) -> web.Response:
    store = request.app[STORE]
    return as_json(store.described(subscriptions.pause(store, _subscription(request))))


async def _resume(request: web.Request) -> web.Response:
    store = request.app[STORE]
    return as_json(store.described(subscriptions.resume(store, _subscription(request))))


async def _upgrade(request: web.Request) -> web.Response:
    store, wish = request.app[STORE], await _body(request)
    product = store.found(Product, wish.get("product_id"))
    behaviour = str(wish.get("update_behavior", ""))
    changed = subscriptions.upgrade(store, _subscription(request), product, behaviour=behaviour)
    return as_json(store.described(changed))


def _subscription(request: web.Request) -> Subscription:
    return request.app[STORE].found(Subscription, request.match_info["id"])


def _required(request: web.Request, name: str) -> str:
    value = request.query.get(name)
    if not value:
        raise invalid(f"{name} must be a string")
    return value


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise invalid("The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.")
    return body


def _page(
    request: web.Request, found: Sequence[Found], to_entity: Callable[[Found], wire.Entity]
) -> web.Response:
    number = _positive(request, "page_number", usual=1)
    size = min(_positive(request, "page_size", usual=_USUAL_PAGE_SIZE), _LARGEST_PAGE_SIZE)
    items = [to_entity(each) for each in found[(number - 1) * size : number * size]]
    return as_json({"items": items, "pagination": wire.pagination(len(found), number=number, size=size)})


def _positive(request: web.Request, name: str, *, usual: int) -> int:
    text = request.query.get(name, str(usual))
    if not text.isdecimal() or int(text) < 1:
        raise invalid(f"{name} must be a positive number")
    return int(text)
