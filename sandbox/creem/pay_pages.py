"""The hosted pay page, where a buyer pays, has the card declined, or leaves."""

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from aiohttp import web
from yarl import URL

from sandbox.creem import purchases, redirects
from sandbox.creem.api import STORE
from sandbox.creem.entities import Checkout, Product
from sandbox.creem.errors import ApiError
from sandbox.creem.purchases import Buyer
from sandbox.creem.store import Store
from sandbox.creem.taxes import COUNTRIES
from sandbox.page import page

_PATH = "/{mode:test|prod}/checkout/{product_id}/{checkout_id}"

_FORM = """
{alert}
<table>
<tr><th>Product</th><td>{name}</td></tr>
<tr><th>Price</th><td>{units} × {price}</td></tr>
<tr><th>Total</th><td>{total}{tax}</td></tr>
</table>
<form method="post">
<p><label for="email">E-mail</label>
<input id="email" name="email" type="email" required autocomplete="email" value="{email}"></p>
<p><label for="name">Name on the card</label>
<input id="name" name="name" required autocomplete="cc-name" value="{buyer}"></p>
<p><label for="country">Country</label>
<select id="country" name="country" autocomplete="country">{countries}</select></p>
<p>
<button name="act" value="pay">Pay</button>
<button name="act" value="decline" formnovalidate>Have the card declined</button>
<button name="act" value="abandon" formnovalidate>Leave without paying</button>
</p>
</form>
<p>This is a local stand-in for Creem. No money moves.</p>
"""


def add_to(app: web.Application) -> None:
    """Let ``app``, which is mounted at ``/creem``, show the pay page of each checkout."""
    app.router.add_get(_PATH, _show)
    app.router.add_post(_PATH, _act)


async def _show(request: web.Request) -> web.Response:
    checkout = _checkout(request)
    if checkout.status == "pending":
        return _form(request, checkout)
    return _ended(request.app[STORE], checkout)


async def _act(request: web.Request) -> web.Response:
    checkout, typed = _checkout(request), await _typed(request)
    if checkout.status != "pending":
        return _ended(request.app[STORE], checkout)
    match typed.get("act"):
        case "pay":
            return _pay(request, checkout, typed)
        case "decline":
            alert = "The card was declined. Nothing was charged; you can try again."
            return _form(request, checkout, typed, alert=alert, status=402)
        case "abandon":
            return _left(checkout)
        case _:
            raise web.HTTPBadRequest(text="act is pay, decline or abandon.")


def _pay(request: web.Request, checkout: Checkout, typed: Mapping[str, str]) -> web.Response:
    store = request.app[STORE]
    try:
        buyer = Buyer(**{name: typed.get(name, "") for name in ("email", "name", "country")})
        paid = purchases.pay(store, checkout, buyer)
    except ApiError as refusal:
        return _form(request, checkout, typed, alert=str(refusal), status=refusal.status)
    except ValueError as refusal:
        return _form(request, checkout, typed, alert=f"Not so: {refusal}.", status=400)
    way_back = _way_back(store, paid)
    if way_back is None:
        return _ended(store, paid)
    raise web.HTTPSeeOther(way_back)


def _way_back(store: Store, checkout: Checkout) -> URL | None:
    """Return the signed address of the shop for the buyer of a paid checkout, if it named one."""
    order = store.order_of(checkout)
    success_url = checkout.success_url or store.records.get(Product, checkout.product_id).default_success_url
    if order is None or not success_url:
        return None
    return redirects.after_payment(checkout, order, success_url=success_url, api_key=store.settings.api_key)


def _ended(store: Store, checkout: Checkout) -> web.Response:
    if checkout.status == "expired":
        return page(title="This checkout has expired", body="<p>Nothing was charged.</p>")
    way_back = _way_back(store, checkout)
    link = f'<p><a href="{escape(str(way_back))}">Back to the shop</a></p>' if way_back else ""
    return page(title="Paid", body=f"<p>Thank you. You can close this page.</p>{link}")


def _left(checkout: Checkout) -> web.Response:
    shop = URL(checkout.success_url).origin() if checkout.success_url else None
    link = f'<p><a href="{escape(str(shop))}">To the shop</a></p>' if shop else ""
    return page(
        title="You left without paying",
        body=f'<p>Nothing was charged. <a href="">The checkout</a> stays open.</p>{link}',
    )


def _form(
    request: web.Request,
    checkout: Checkout,
    typed: Mapping[str, str] = MappingProxyType({}),
    *,
    alert: str = "",
    status: int = 200,
) -> web.Response:
    product = request.app[STORE].records.get(Product, checkout.product_id)
    body = _FORM.format(
        alert=f'<p role="alert">{escape(alert)}</p>' if alert else "",
        name=escape(product.name),
        units=checkout.units,
        price=money(product.price, product.currency),
        total=money(product.price * checkout.units, product.currency) + _period(product),
        tax=" plus tax (21 % in NL)" if product.tax_mode == "exclusive" else "",
        email=escape(typed.get("email", checkout.email or "")),
        buyer=escape(typed.get("name", "Test Buyer")),
        countries="".join(_country(code, chosen=typed.get("country", "US")) for code in COUNTRIES),
    )
    return page(title="Checkout", body=body, status=status)


def _period(product: Product) -> str:
    """Say how often it is charged, and what is free before."""
    if not product.is_recurring:
        return ""
    trial = f", after {product.trial_days} days for nothing" if product.trial_days else ""
    return f" {product.billing_period.replace('-', ' ')}{trial}"


async def _typed(request: web.Request) -> Mapping[str, str]:
    fields = await request.post()
    return {name: value.strip() for name, value in fields.items() if isinstance(value, str)}


def _country(code: str, *, chosen: str) -> str:
    return f"<option{' selected' if code == chosen else ''}>{code}</option>"


def money(cents: int, currency: str) -> str:
    """Return an amount for people."""
    return f"{cents // 100}.{cents % 100:02} {escape(currency)}"


def _checkout(request: web.Request) -> Checkout:
    checkout = request.app[STORE].records.find(Checkout, request.match_info["checkout_id"])
    if checkout is None:
        raise web.HTTPNotFound(text="There is no such checkout.")
    return checkout
