"""The plans side by side, and the page on which one is bought."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.pages import PageRequest
from billing.errors import AlreadySubscribed, QuoteExpired
from billing.forms.plans import PlanForm
from billing.forms.words import new_word
from billing.models import Order
from billing.services import openings, plan_purchases
from billing.services import plans as plan_list
from billing.services.plan_purchases import Proposal
from billing.views import browsers
from billing.views.checkout import UNREADABLE, to_payment

CONFLICT = 409


@login_not_required
@require_safe
def plans(request: PageRequest) -> HttpResponse:
    """Show what each plan gives, beside the others."""
    has = plan_purchases.current(request.user) if isinstance(request.user, User) else None
    return render(request, "billing/plans.html", {"columns": plan_list.comparison(), "current": has})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: PageRequest, slug: str) -> HttpResponse:
    """Show what a plan costs and what leaving another comes to; place the order."""
    assert isinstance(request.user, User)  # noqa: S101 - nobody else is let in
    proposal = plan_purchases.propose(slug, request.user)
    if request.method == "POST":
        response = _buy(request, proposal, PlanForm(proposal.ways, request.POST))
    else:
        response = _page(request, proposal, _new_form(proposal))
    browsers.keep_name(request, response)
    return response


def _buy(request: PageRequest, proposal: Proposal, form: PlanForm) -> HttpResponse:
    if not form.is_valid():
        return _page(request, proposal, form, status=UNREADABLE)
    try:
        return to_payment(_place(request, proposal, form))
    except AlreadySubscribed:
        return redirect("plans")
    except QuoteExpired:
        complaint = gettext("Those terms hold no more. Here are the new ones: please confirm them.")
        return _page(request, proposal, _new_form(proposal), complaint=complaint, status=CONFLICT)


def _place(request: PageRequest, proposal: Proposal, form: PlanForm) -> Order:
    assert isinstance(request.user, User)  # noqa: S101 - nobody else is let in
    browser = browsers.name_of(request)
    order = plan_purchases.place(
        proposal,
        browsers.buyer(request, email=request.user.email),
        way=form.chosen,
        quote=form.cleaned_data["quote"],
        form=f"{browser}:{form.cleaned_data['word']}",
    )
    openings.remember_buyer(order, browser)
    return order


def _new_form(proposal: Proposal) -> PlanForm:
    quote = proposal.quote.signed if proposal.quote else ""
    return PlanForm(proposal.ways, initial={"word": new_word(), "quote": quote})


def _page(
    request: PageRequest, proposal: Proposal, form: PlanForm, *, complaint: str = "", status: int = 200
) -> HttpResponse:
    context = {"proposal": proposal, "form": form, "complaint": complaint}
    return render(request, "billing/plan.html", context, status=status)
