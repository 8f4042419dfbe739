"""Topping up one's own wallet."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.pages import PageRequest
from billing.forms.purchases import TopUpForm
from billing.forms.words import new_word
from billing.models import Order
from billing.services import openings, orders, topups, wiring
from billing.views import browsers
from billing.views.checkout import UNREADABLE, to_payment


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def topup(request: PageRequest) -> HttpResponse:
    """Ask how much and how, place the order, and lead to its payment."""
    ways = topups.ways()
    form = (
        TopUpForm(ways, request.POST)
        if request.method == "POST"
        else TopUpForm(ways, initial={"word": new_word()})
    )
    if not form.is_valid():
        status = UNREADABLE if form.is_bound else 200
        response = render(request, "billing/topup.html", {"form": form, "ways": ways}, status=status)
    else:
        response = to_payment(_place(request, form))
    browsers.keep_name(request, response)
    return response


def _place(request: PageRequest, form: TopUpForm) -> Order:
    assert isinstance(request.user, User)  # noqa: S101 - nobody else is let in
    sale = topups.sale(form.cleaned_data["dollars"], form.cleaned_data["way"])
    buyer = browsers.buyer(request, email=request.user.email)
    browser = browsers.name_of(request)
    word = form.cleaned_data["word"]
    order = orders.place_once(sale, buyer, mode=wiring.mode(sale.provider), form=f"{browser}:{word}")
    openings.remember_buyer(order, browser)
    return order
