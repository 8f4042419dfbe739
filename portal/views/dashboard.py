"""The dashboard: what is left, what was spent, and on what."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.services import customers
from ledger.services import accounts, periods
from portal import overviews, plan_meters
from portal.pages import MemberRequest
from portal.views.acts import acts_by_post


@never_cache
@require_safe
def dashboard(request: MemberRequest) -> HttpResponse:
    """Show the balance, the plan, today, this month, the latest calls and the keys."""
    context = {"board": overviews.board(request.user), "plan": plan_meters.of_user(request.user)}
    return render(request, "portal/dashboard.html", context)


@never_cache
@require_safe
def meters(request: MemberRequest) -> HttpResponse:
    """Show the meters of the plan alone, as they are now."""
    return _part(request, "meters")


@never_cache
@acts_by_post("dashboard")
def wallet_switch(request: MemberRequest) -> HttpResponse:
    """Switch Pay2Go on or off, as its owner says."""
    account = accounts.open_for(customers.of_user(request.user))
    periods.switch_wallet(account, is_on=request.POST.get("is_on") == "on")
    return _part(request, "plan") if request.htmx else redirect("dashboard")


def _part(request: MemberRequest, name: str) -> HttpResponse:
    context = {"plan": plan_meters.of_user(request.user)}
    return render(request, f"portal/dashboard/{name}.html", context)
