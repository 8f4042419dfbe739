"""Many payments at once: the one question that needs a login, whose token lives for five minutes."""

from collections.abc import Iterator
from datetime import datetime

from billing.providers.entities import Entity, expanded
from billing.providers.errors import KeyRefused, ProviderUnavailable, Reason
from billing.providers.json_api import JsonApi
from billing.providers.nowpayments.account import Login
from billing.providers.nowpayments.answers import Payment, read_payment

_PATH = "/v1/payment/"
_PAGE_SIZE = 500
_NEWEST_FIRST = {"sortBy": "created_at", "orderBy": "desc"}
_LONGEST_TOKEN = 8192


def payments(
    api: JsonApi,
    login: Login | None,
    *,
    invoice_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Payment]:
    """Yield the payments that belong to all of these, newest first; pages are asked for as they are needed.

    Raises KeyRefused without a login. A payment that moves up a page meanwhile may come twice.
    """
    wanted = {
        "invoiceId": invoice_id,
        "dateFrom": since.isoformat() if since else "",
        "dateTo": until.isoformat() if until else "",
    }
    given = {name: wish for name, wish in wanted.items() if wish}
    page, pages = 0, 1
    while page < pages:
        answer = _page(api, login, number=page, **given)
        data, count = answer.get("data"), answer.get("pagesCount")
        read = map(read_payment, map(expanded, data if isinstance(data, list) else []))
        yield from (payment for payment in read if payment is not None)
        page, pages = page + 1, count if data and type(count) is int else 0


def _page(api: JsonApi, login: Login | None, *, number: int, **given: str) -> Entity:
    # Between two pages a token may have ended: each has its own.
    query: dict[str, str | int] = {"limit": _PAGE_SIZE, "page": number, **_NEWEST_FIRST, **given}
    return api.get(_PATH, query, headers={"Authorization": f"Bearer {_token(api, login)}"})


def _token(api: JsonApi, login: Login | None) -> str:
    if login is None:
        raise KeyRefused(operation=f"GET {_PATH}", messages=("Only a login may list payments.",))
    token = api.post("/v1/auth", {"email": login.email, "password": login.password}).get("token")
    is_one = isinstance(token, str) and 0 < len(token) <= _LONGEST_TOKEN and token.isascii()
    if not is_one or not str(token).isprintable():
        raise ProviderUnavailable(operation="POST /v1/auth", reason=Reason.GARBLED)
    return str(token)
