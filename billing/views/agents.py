"""Agent top-ups: the price is shown in its parts before anything is ordered."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.errors import TooManyAttempts
from accounts.pages import PageRequest
from accounts.services import addresses
from billing import pictures, wordings
from billing.errors import AmountOutOfRange
from billing.forms.agents import AgentForm
from billing.forms.words import new_word
from billing.models import AgentJob, Order
from billing.services import agents, openings, transfers
from billing.services.agents import Quote
from billing.views import browsers
from billing.views.pages import of_an_order

UNREADABLE = 422


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def agent(request: PageRequest) -> HttpResponse:
    """Ask for account and amount, show the price, and write the order once the buyer agrees to it."""
    data = request.POST if request.method == "POST" else None
    form = AgentForm(agents.vendors(), agents.channels(), data, initial=_initial(request))
    if form.is_valid():
        response = _answer(request, form)
    else:
        response = _page(request, form, status=UNREADABLE if form.is_bound else 200)
    browsers.keep_name(request, response)
    return response


@of_an_order
def proof(request: PageRequest, order: Order) -> HttpResponse:
    """Show the holder of an order the picture that shows that it was done."""
    job = AgentJob.objects.filter(order=order).first()
    if job is None or job.proof is None:
        raise Http404
    return pictures.shown_in_private(bytes(job.proof))


def _answer(request: PageRequest, form: AgentForm) -> HttpResponse:
    try:
        quote = agents.quote(agents.find(form.cleaned_data["vendor"]), form.amount_cents)
        # Nobody buys at a price that they were not shown.
        if request.POST.get("agreed") != str(quote.total_cents):
            return _page(request, form, quote=quote)
        order = _place(request, form, quote)
    except (AmountOutOfRange, TooManyAttempts) as error:
        told = wordings.told(error)
        form.add_error("amount" if isinstance(error, AmountOutOfRange) else None, told.sentence)
        return told.stamp(_page(request, form))
    return redirect("order", order.reference)


def _place(request: PageRequest, form: AgentForm, quote: Quote) -> Order:
    typed, browser = form.cleaned_data, browsers.name_of(request)
    buyer = browsers.buyer(request, email=typed["email"])
    job = AgentJob(
        vendor=agents.find(typed["vendor"]),
        account_email=typed["account_email"],
        amount_cents=quote.amount_cents,
        fee_cents=quote.fee_cents,
    )
    order = agents.place_once(
        transfers.find_channel(typed["channel"]),
        job,
        quote,
        buyer,
        form=f"{browser}:{typed['word']}",
        address=addresses.of_request(request),
    )
    openings.remember_buyer(order, browser)
    return order


def _initial(request: PageRequest) -> dict[str, str]:
    return {"email": request.user.email if request.user.is_authenticated else "", "word": new_word()}


def _page(
    request: PageRequest, form: AgentForm, *, quote: Quote | None = None, status: int = 200
) -> HttpResponse:
    context = {"form": form, "quote": quote, "is_open": agents.vendors() and agents.channels()}
    return render(request, "billing/agent.html", context, status=status)
