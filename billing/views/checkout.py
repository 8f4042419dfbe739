"""From a package to the provider's payment page."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.pages import PageRequest
from billing.errors import CheckoutUnavailable
from billing.forms.purchases import CheckoutForm
from billing.forms.words import new_word
from billing.models import Order, Provider
from billing.services import checkouts, openings, orders, packages, wiring
from billing.services.packages import Offer
from billing.views import browsers
from billing.views.pages import of_an_order

UNREADABLE = 422


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: PageRequest, slug: str) -> HttpResponse:
    """Ask a buyer for what is missing, place the order, and lead to its payment page."""
    offer = packages.find(slug)
    form = CheckoutForm(offer, request.POST) if request.method == "POST" else _new_form(request, offer)
    if not form.is_valid():
        status = UNREADABLE if form.is_bound else 200
        response = render(request, "billing/checkout.html", {"offer": offer, "form": form}, status=status)
    else:
        response = to_payment(_place(request, offer, form))
    browsers.keep_name(request, response)
    return response


@of_an_order
def pay(request: PageRequest, order: Order) -> HttpResponse:
    """Lead to the payment page: by GET to the one that is open, by POST also to one that has to be opened.

    A page of ours stands between a form and the provider, because a form may lead to our own pages only.
    """
    if request.method == "POST":
        return to_payment(order)
    if order.state == Order.State.PENDING and order.checkout_url:
        return render(request, "billing/to_payment.html", {"order": order})
    return redirect("order", order.reference)


def _new_form(request: PageRequest, offer: Offer) -> CheckoutForm:
    email = request.user.email if request.user.is_authenticated else ""
    return CheckoutForm(offer, initial={"email": email, "word": new_word()})


def _place(request: PageRequest, offer: Offer, form: CheckoutForm) -> Order:
    price = offer.price_of(form.cleaned_data["way"])
    buyer = browsers.buyer(request, email=form.cleaned_data["email"])
    browser = browsers.name_of(request)
    order = orders.place_once(
        orders.of_package(price),
        buyer,
        mode=wiring.mode(price.provider),
        form=f"{browser}:{form.cleaned_data['word']}",
    )
    openings.remember_buyer(order, browser)
    return order


def to_payment(order: Order) -> HttpResponse:
    """Open the payment page if it is not open; the page of the order says what to do when that fails."""
    if order.is_paid or order.provider != Provider.CREEM:  # coins are paid on the order's own page
        return redirect("order", order.reference)
    try:
        checkouts.open_page(order)
    except CheckoutUnavailable:
        return redirect("order", order.reference)
    return redirect("order_pay", order.reference)
