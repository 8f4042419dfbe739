"""Paying an order in coins: choosing one, and deciding about coins that are too few."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext

from accounts.pages import PageRequest
from billing.errors import CheckoutUnavailable, CoinTooSmall
from billing.models import Order
from billing.services import coin_payments, deposits
from billing.views.order import after
from billing.views.pages import acts_on_an_order


@acts_on_an_order
def choose(request: PageRequest, order: Order) -> HttpResponse:
    """Open an address for the coin that was chosen, and show it."""
    try:
        deposits.open_address(order, coin_code=request.POST.get("coin", ""))
    except CoinTooSmall:
        messages.warning(
            request, gettext("This order is below the minimum of that coin. Choose another one.")
        )
    except CheckoutUnavailable:
        messages.warning(
            request,
            gettext("The payment provider did not answer. Nothing was charged: try again in a minute."),
        )
    return after(request, order)


@acts_on_an_order
def choose_another(request: PageRequest, order: Order) -> HttpResponse:
    """Show the coins again."""
    deposits.leave_address(order)
    return after(request, order)


@acts_on_an_order
def accept(request: PageRequest, order: Order) -> HttpResponse:
    """Take the coins that came for the credit that they are worth."""
    coin_payments.accept(order)
    return after(request, order, is_paid=True)


@acts_on_an_order
def ask_back(request: PageRequest, order: Order) -> HttpResponse:
    """Have the coins that came sent back by a person."""
    coin_payments.ask_back(order)
    return after(request, order)
