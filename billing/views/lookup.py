"""Order Lookup: back to an order by its number, or by a mail."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.errors import TooManyAttempts
from accounts.pages import PageRequest
from accounts.services import addresses
from billing import wordings
from billing.errors import NumberMistyped, OrderNotFound
from billing.forms.lookups import LinkForm, LookupForm
from billing.models import Order
from billing.services import openings
from billing.views import browsers
from billing.views.pages import discreet, missing

UNREADABLE = 422


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def lookup(request: PageRequest) -> HttpResponse:
    """Open the order whose number was typed; whatever is wrong with it is answered by the field."""
    if request.method != "POST":
        return _page(request, LookupForm(), LinkForm())
    form = LookupForm(request.POST)
    if not form.is_valid():
        return _page(request, form, LinkForm(), status=UNREADABLE)
    try:
        order = openings.by_number(form.cleaned_data["number"], address=addresses.of_request(request))
    except (NumberMistyped, OrderNotFound, TooManyAttempts) as error:
        return _refused(request, form, error)
    return _opened(request, order)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mail_link(request: PageRequest) -> HttpResponse:
    """Mail a link to whoever knows a provider's number and its e-mail; the answer is the same to anybody."""
    if request.method != "POST":
        return redirect("order_lookup")
    form = LinkForm(request.POST)
    if not form.is_valid():
        return _page(request, LookupForm(), form, status=UNREADABLE)
    try:
        openings.wish_link(
            form.cleaned_data["provider_number"],
            form.cleaned_data["email"],
            address=addresses.of_request(request),
        )
    except TooManyAttempts as error:
        return _refused_link(request, form, error)
    return _page(request, LookupForm(), LinkForm(), is_mailed=True)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_mailed(request: PageRequest, reference: str) -> HttpResponse:
    """Show the button that a mailed link leads to; its POST opens. Scanners of mails follow links only."""
    token = request.POST.get("token", "") or request.GET.get("token", "")
    try:
        order = openings.by_token(reference, token)
    except OrderNotFound:
        return missing(request)
    if request.method == "POST":
        return discreet(_opened(request, order))
    return discreet(render(request, "billing/open_mailed.html", {"reference": reference, "token": token}))


def _opened(request: PageRequest, order: Order) -> HttpResponse:
    browsers.open_here(request, order)
    return redirect("order", order.reference)


def _refused(request: PageRequest, form: LookupForm, error: Exception) -> HttpResponse:
    told = wordings.told(error)
    form.add_error("number", told.sentence)
    return told.stamp(_page(request, form, LinkForm()))


def _refused_link(request: PageRequest, form: LinkForm, error: Exception) -> HttpResponse:
    told = wordings.told(error)
    form.add_error(None, told.sentence)
    return told.stamp(_page(request, LookupForm(), form))


def _page(
    request: PageRequest,
    form: LookupForm,
    link_form: LinkForm,
    *,
    is_mailed: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "link_form": link_form, "is_mailed": is_mailed}
    return render(request, "billing/lookup.html", context, status=status)
