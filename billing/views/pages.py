"""How pages of the shop are answered: whole or in part, kept nowhere, and open only to whom they belong."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from accounts.pages import PageRequest
from billing.errors import OrderNotFound
from billing.models import Order
from billing.services import openings
from billing.views import browsers

View = Callable[..., HttpResponse]


def of_an_order(view: View) -> View:
    """Give ``view`` the order that its address names, if it may be opened here; else all is one missing page.

    The answer is kept nowhere, and where it leads learns nothing of where it was.
    """

    @wraps(view)
    def answer(request: PageRequest, reference: str, **path: Any) -> HttpResponse:
        try:
            order = openings.open_for(reference, browsers.visitor(request))
        except OrderNotFound:
            return missing(request)
        response = view(request, order, **path)
        browsers.keep_name(request, response)
        return discreet(response)

    return login_not_required(never_cache(answer))


def acts_on_an_order(view: View) -> View:
    """Like `of_an_order`, for an address that acts: by POST only, others are led to the order's page."""

    @wraps(view)
    def act(request: PageRequest, order: Order, **path: Any) -> HttpResponse:
        return (
            view(request, order, **path) if request.method == "POST" else redirect("order", order.reference)
        )

    return of_an_order(act)


def missing(request: HttpRequest) -> HttpResponse:
    """Answer for an order that there is not, or that is not for whoever asks: nobody can tell which."""
    return discreet(render(request, "billing/order_missing.html", status=404))


def discreet(response: HttpResponse) -> HttpResponse:
    """Keep the address of ``response`` from every page that it leads to."""
    response["Referrer-Policy"] = "no-referrer"
    return response
