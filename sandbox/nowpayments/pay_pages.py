"""The hosted pages: an invoice, on which a coin is chosen, and a payment, with the wallet of whoever pays."""

from html import escape

from aiohttp import web
from yarl import URL

from sandbox.nowpayments import acts, payments
from sandbox.nowpayments.api import STORE
from sandbox.nowpayments.coins import COINS
from sandbox.nowpayments.entities import Invoice, Payment
from sandbox.nowpayments.errors import ApiError
from sandbox.nowpayments.wishes import InvoicePaymentWish
from sandbox.page import page

_PATH = "/payment/"

_INVOICE = """
{alert}
<table>
<tr><th>Order</th><td>{order}</td></tr>
<tr><th>Price</th><td>{price}</td></tr>
</table>
<form method="post">
<p><label for="coin">Pay with</label>
<select id="coin" name="coin">{coins}</select></p>
<p><button name="act" value="choose">Continue</button></p>
</form>
{payments}
<p>This is a local stand-in for NowPayments. No coins move.</p>
"""
_PAYMENT = """
{alert}
<table>
<tr><th>Status</th><td>{status}</td></tr>
<tr><th>Order</th><td>{order}</td></tr>
<tr><th>Price</th><td>{price}</td></tr>
<tr><th>Send</th><td><code>{amount}</code> {coin} ({network})</td></tr>
<tr><th>To</th><td><code>{address}</code></td></tr>
<tr><th>Memo</th><td>{memo}</td></tr>
<tr><th>Arrived</th><td>{arrived}</td></tr>
</table>
<form method="post">
<p>{buttons}</p>
</form>
<p><a href="{here}">Look again</a> {links}</p>
<p>This is a local stand-in for NowPayments. No coins move.</p>
"""


def add_to(app: web.Application) -> None:
    """Let ``app``, which is mounted at ``/nowpayments``, show the page of each invoice and payment."""
    app.router.add_get(_PATH, _show)
    app.router.add_post(_PATH, _act)


async def _show(request: web.Request) -> web.Response:
    payment = _payment(request)
    return _invoice_page(request, _invoice(request)) if payment is None else _payment_page(request, payment)


async def _act(request: web.Request) -> web.Response:
    typed = await request.post()
    act, payment = str(typed.get("act", "")), _payment(request)
    if payment is None:
        return _choose(request, _invoice(request), str(typed.get("coin", "")))
    try:
        acts.perform(request.app[STORE], payment, act)
    except ApiError as refusal:
        return _payment_page(request, payment, alert=str(refusal), status=refusal.status)
    raise web.HTTPSeeOther(request.rel_url)


def _choose(request: web.Request, invoice: Invoice, coin: str) -> web.Response:
    store, chosen = request.app[STORE], invoice.pay_currency or coin
    if chosen not in COINS:
        return _invoice_page(request, invoice, alert="Choose one of the coins.", status=400)
    wish = InvoicePaymentWish(invoice_id=invoice.id, pay_currency=chosen, purchase_id=None)
    try:
        payment = payments.open_payment(store, wish.of(invoice), invoice=invoice)
    except ApiError as refusal:
        return _invoice_page(request, invoice, alert=str(refusal), status=refusal.status)
    raise web.HTTPSeeOther(address_of(payment))


def address_of(payment: Payment) -> URL:
    """Return where the page of a payment is."""
    known = {"iid": payment.invoice_id} if payment.invoice_id else {}
    return URL("/nowpayments/payment/").with_query({**known, "paymentId": payment.id})


def _invoice_page(
    request: web.Request, invoice: Invoice, *, alert: str = "", status: int = 200
) -> web.Response:
    codes = [invoice.pay_currency] if invoice.pay_currency else list(COINS)
    body = _INVOICE.format(
        alert=_alert(alert),
        order=escape(invoice.order_description or invoice.order_id or ""),
        price=_price(invoice),
        coins="".join(f'<option value="{code}">{escape(COINS[code].name)}</option>' for code in codes),
        payments="".join(
            _link(address_of(each), f"Payment {each.id}: {each.status}") for each in _begun(request)
        ),
    )
    return page(title="Invoice", body=body, status=status)


def _payment_page(
    request: web.Request, payment: Payment, *, alert: str = "", status: int = 200
) -> web.Response:
    coin = COINS[payment.pay_currency]
    body = _PAYMENT.format(
        alert=_alert(alert),
        status=payment.status,
        order=escape(payment.order_description or payment.order_id or ""),
        price=_price(payment),
        amount=payment.pay_amount,
        coin=coin.ticker.upper(),
        network=escape(coin.name),
        address=payment.pay_address,
        memo=f"<code>{payment.payin_extra_id}</code>" if payment.payin_extra_id else "none",
        arrived=payment.actually_paid,
        buttons="".join(
            f'<button name="act" value="{act}">{text}</button>' for act, text in acts.LABELS.items()
        ),
        here=escape(str(request.rel_url)),
        links=_ways_back(request, payment),
    )
    return page(title=f"Payment {payment.id}", body=body, status=status)


def _ways_back(request: web.Request, payment: Payment) -> str:
    invoice = request.app[STORE].records.find(Invoice, payment.invoice_id)
    children = [request.app[STORE].records.get(Payment, child_id) for child_id in payment.extra_ids]
    links = [_link(address_of(child), f"Payment {child.id}: {child.status}") for child in children]
    if invoice is not None:
        named = {
            "finished": invoice.success_url,
            "partially_paid": invoice.partially_paid_url,
        }.get(payment.status, invoice.cancel_url)
        links += [_link(URL(named), "Back to the shop")] if named else []
    return " ".join(links)


def _begun(request: web.Request) -> list[Payment]:
    return request.app[STORE].payments_of(_invoice(request))


def _invoice(request: web.Request) -> Invoice:
    invoice = request.app[STORE].records.find(Invoice, request.query.get("iid"))
    if invoice is None:
        raise web.HTTPNotFound(text="There is no such invoice.")
    return invoice


def _payment(request: web.Request) -> Payment | None:
    payment_id = request.query.get("paymentId")
    payment = request.app[STORE].records.find(Payment, payment_id)
    if payment is None and payment_id is not None:
        raise web.HTTPNotFound(text="There is no such payment.")
    return payment


def _alert(text: str) -> str:
    return f'<p role="alert">{escape(text)}</p>' if text else ""


def _price(of: Invoice | Payment) -> str:
    return f"{of.price_amount} {escape(of.price_currency.upper())}"


def _link(to: URL, text: str) -> str:
    return f'<a href="{escape(str(to))}">{escape(text)}</a> '
