"""The one page of an order: where a buyer returns to after paying, and where Order Lookup leads."""

from urllib.parse import parse_qsl

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.pages import PageRequest, render_part
from billing import tasks
from billing.forms.transfers import SubmissionForm
from billing.models import Order
from billing.services import (
    checkouts,
    claims,
    invoices,
    openings,
    reference_model,
    showing,
    standings,
    trials,
    wiring,
)
from billing.services.trials import Trial
from billing.views import browsers
from billing.views.pages import acts_on_an_order, discreet, of_an_order

NOTHING_NEW = 204
# What a provider adds to the address that it sends a buyer back to.
PROVIDERS_WORDS = {"signature", "checkout_id"}


@login_not_required
@never_cache
@require_safe
def order(request: PageRequest, reference: str) -> HttpResponse:
    """Show an order. What the provider wrote into the address of a returning buyer is taken out of it."""
    if not PROVIDERS_WORDS.isdisjoint(request.GET):
        return _welcome(request, reference)
    return _order(request, reference=reference)


@acts_on_an_order
def ask(request: PageRequest, order: Order) -> HttpResponse:
    """Ask the provider now what became of the payment: for a buyer who has paid and sees nothing of it."""
    openings.count_question(order)
    asked = checkouts.ask(order.pk)
    is_paid = asked.state == Order.State.PAID
    if not is_paid and not request.htmx:
        messages.info(request, gettext("We asked just now: no payment has arrived yet."))
    return after(request, order, is_asked=True, is_paid=is_paid)


@acts_on_an_order
def to_invoices(request: PageRequest, order: Order) -> HttpResponse:
    """Lead the owner to the provider's page with all their invoices; it is made anew for each click.

    A page of ours stands between, because a form may lead to our own pages only.
    """
    if not _is_owner(request, order):
        return redirect("order", order.reference)
    return render(request, "billing/to_invoices.html", {"order": order, "url": invoices.page_url(order)})


@acts_on_an_order
def try_key(request: PageRequest, order: Order) -> HttpResponse:
    """Call a model with the delivered key, and show its answer and its cost."""
    trial = trials.run(order)
    if request.htmx:
        return render(request, "billing/order/trial.html", {"trial": trial})
    return _page(request, order, trial=trial)


@acts_on_an_order
def save(request: PageRequest, order: Order) -> HttpResponse:
    """Stop showing the key: its buyer has it."""
    showing.save(order)
    return after(request, order)


@acts_on_an_order
def roll(request: PageRequest, order: Order) -> HttpResponse:
    """Put a new key in the place of the one that was delivered, which stops at once."""
    showing.roll(order)
    return after(request, order)


@acts_on_an_order
def claim(request: PageRequest, order: Order) -> HttpResponse:
    """Move what was bought into the account of whoever is signed in."""
    if not isinstance(request.user, User):
        return redirect("order", order.reference)
    claims.claim(order, request.user)
    return after(request, order)


@of_an_order
def _order(request: PageRequest, order: Order) -> HttpResponse:
    return _page(request, order)


def _welcome(request: PageRequest, reference: str) -> HttpResponse:
    """Thank a buyer who comes from the provider; whether anything is paid is for the provider to tell us."""
    query = parse_qsl(request.META["QUERY_STRING"], keep_blank_values=True)
    if wiring.creem().redirect_is_genuine(query) and dict(query).get("request_id") == reference:
        messages.success(request, gettext("Thank you for your purchase."))
    return discreet(redirect("order", reference))


def after(
    request: PageRequest, order: Order, *, is_asked: bool = False, is_paid: bool = False
) -> HttpResponse:
    """Show what an act came to: in place for htmx, else on the page itself. What it has paid is delivered."""
    if is_paid:
        tasks.nudge(tasks.deliver_order, order.pk)
    if not request.htmx:
        return redirect("order", order.reference)
    return _page(request, openings.open_for(order.reference, browsers.visitor(request)), is_asked=is_asked)


def show(request: PageRequest, order: Order, *, form: SubmissionForm, status: int = 200) -> HttpResponse:
    """Show the page with a form of the transfer desk that has to be filled in again."""
    return _page(request, order, form=form, status=status)


def _page(
    request: PageRequest,
    order: Order,
    *,
    trial: Trial | None = None,
    is_asked: bool = False,
    form: SubmissionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    standing = standings.of(order)
    if request.GET.get("seen") == standing.fingerprint:
        return HttpResponse(status=NOTHING_NEW)
    if standing.secret:
        openings.record_showing(order, browsers.name_of(request))
    context = {
        "standing": standing,
        "order": order,
        "trial": trial,
        "is_asked": is_asked,
        "form": form or SubmissionForm(),
        "sample_model": reference_model.for_samples(),
        "support_email": settings.SUPPORT_EMAIL,
        "support_reply_hours": settings.SUPPORT_REPLY_HOURS,
        "is_owner": _is_owner(request, order),
    }
    return render_part(request, "billing/order.html", "order", context, status=status)


def _is_owner(request: PageRequest, order: Order) -> bool:
    return order.customer.user_id is not None and order.customer.user_id == request.user.pk
