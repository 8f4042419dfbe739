"""NowPayments' API under ``/nowpayments/v1``, as far as a shop needs it to be paid."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from aiohttp import web

from sandbox import faults, traffic
from sandbox.nowpayments import acts, coins, errors, listing, payments, wire, wishes
from sandbox.nowpayments.coins import COINS
from sandbox.nowpayments.entities import Invoice, Payment
from sandbox.nowpayments.errors import ApiError, invalid, not_found
from sandbox.nowpayments.javascript import stringify
from sandbox.nowpayments.store import Store

STORE = web.AppKey("nowpayments_store", Store)

_CREATED = 201
_OPEN_PATHS = ("/v1/status", "/v1/auth")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build(store: Store) -> web.Application:
    """Return the application to mount at ``/nowpayments/v1``."""
    app = web.Application(middlewares=[_noted, _faulty, _as_nowpayments_would])
    app[STORE] = store
    app.router.add_get("/status", _status)
    app.router.add_post("/auth", _sign_in)
    app.router.add_get("/currencies", _currencies)
    app.router.add_get("/full-currencies", _full_currencies)
    app.router.add_get("/merchant/coins", _merchant_coins)
    app.router.add_get("/min-amount", _minimum)
    app.router.add_get("/estimate", _estimate)
    app.router.add_post("/invoice", _create_invoice)
    app.router.add_post("/payment", _create_payment)
    app.router.add_post("/invoice-payment", _create_invoice_payment)
    app.router.add_get("/payment/", _list)
    app.router.add_get("/payment/{id}", _get_payment)
    app.router.add_post("/payment/{id}/update-merchant-estimate", _refresh)
    return app


def answered(content: Any, *, status: int = 200) -> web.Response:
    """Return ``content`` as JavaScript answers it."""
    return web.Response(text=stringify(content), status=status, content_type="application/json")


@web.middleware
async def _noted(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await traffic.noted(request, handler, traffic=request.app[STORE].traffic)


@web.middleware
async def _faulty(request: web.Request, handler: Handler) -> web.StreamResponse:
    store = request.app[STORE]
    return await faults.answer(request, handler, faults=store.faults, failure=errors.told_to_fail)


@web.middleware
async def _as_nowpayments_would(request: web.Request, handler: Handler) -> web.StreamResponse:
    is_open = request.path.endswith(_OPEN_PATHS)
    try:
        if not is_open and request.headers.get("x-api-key") != request.app[STORE].settings.api_key:
            raise errors.wrong_key()
        return await handler(request)
    except ApiError as refusal:
        return refusal.response()
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return not_found(f"Cannot {request.method} {request.path}:").response()


async def _status(request: web.Request) -> web.Response:
    return answered({"message": "OK"})


async def _sign_in(request: web.Request) -> web.Response:
    fields = wishes.parse(await request.read())
    return answered({"token": request.app[STORE].tokens.give(fields.get("email"), fields.get("password"))})


async def _currencies(request: web.Request) -> web.Response:
    return answered({"currencies": list(COINS)})


async def _full_currencies(request: web.Request) -> web.Response:
    return answered({"currencies": [wire.coin(each, number=at) for at, each in enumerate(COINS.values(), 1)]})


async def _merchant_coins(request: web.Request) -> web.Response:
    return answered({"selectedCurrencies": [code.upper() for code in COINS]})


async def _minimum(request: web.Request) -> web.Response:
    coin, paid_out = _required(request, "currency_from"), _required(request, "currency_to")
    switches = ("is_fixed_rate", "is_fee_paid_by_user")
    is_fixed, is_with_fee = (request.query.get(name, "false") == "true" for name in switches)
    coins.converted(Decimal(1), of=coin, to=paid_out)
    least = coins.minimum(coin, is_fixed_rate=is_fixed, is_fee_paid_by_user=is_with_fee)
    answer = {"currency_from": coin, "currency_to": paid_out, "min_amount": least}
    if money := request.query.get("fiat_equivalent"):
        answer["fiat_equivalent"] = coins.converted(least, of=coin, to=money)
    return answered(answer)


async def _estimate(request: web.Request) -> web.Response:
    of, to = _required(request, "currency_from"), _required(request, "currency_to")
    amount = wishes.amount_in(_required(request, "amount"))
    estimated = coins.converted(amount, of=of, to=to)
    # A text, and only here.
    answer = {
        "currency_from": of,
        "amount_from": amount,
        "currency_to": to,
        "estimated_amount": str(estimated),
    }
    return answered(answer)


async def _create_invoice(request: web.Request) -> web.Response:
    wish = wishes.read_invoice(wishes.parse(await request.read()))
    invoice = payments.open_invoice(request.app[STORE], wish)
    url = request.url.with_path("/nowpayments/payment/").with_query(iid=invoice.id)
    return answered(wire.invoice(invoice, url=str(url)), status=_CREATED)


async def _create_payment(request: web.Request) -> web.Response:
    store, wish = request.app[STORE], wishes.read_payment(wishes.parse(await request.read()))
    payment = payments.open_payment(store, wish)
    answer = answered(wire.created(payment), status=_CREATED)
    if act := acts.CASES.get(wish.case or ""):
        acts.perform(store, payment, act)
    return answer


async def _create_invoice_payment(request: web.Request) -> web.Response:
    store, wish = request.app[STORE], wishes.read_invoice_payment(wishes.parse(await request.read()))
    invoice = store.found(Invoice, wish.invoice_id)
    payment = payments.open_payment(store, wish.of(invoice), invoice=invoice)
    return answered(wire.created(payment), status=_CREATED)


async def _get_payment(request: web.Request) -> web.Response:
    return answered(wire.asked(request.app[STORE].found(Payment, request.match_info["id"])))


async def _list(request: web.Request) -> web.Response:
    store = request.app[STORE]
    store.tokens.check(request.headers.get("Authorization", ""))
    return answered(listing.page(store.records.all(Payment), request.query))


async def _refresh(request: web.Request) -> web.Response:
    store = request.app[STORE]
    payment = payments.refreshed(store, store.found(Payment, request.match_info["id"]))
    return answered(wire.estimate(payment))


def _required(request: web.Request, name: str) -> str:
    value = request.query.get(name)
    if not value:
        raise invalid(f"{name} is required")
    return value
