"""A member's plans: what comes next, what they were, and a statement of each period."""

import csv
from collections.abc import Callable
from functools import wraps
from io import StringIO

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Customer, User
from accounts.pages import PageRequest
from accounts.services import customers
from billing.errors import CannotBeCancelled, CannotBeResumed
from billing.models import Subscription
from billing.services import plan_history, plan_outlook, subscription_wishes
from billing.services.plan_history import Statement
from billing.views.pages import discreet
from billing.wordings import told
from redemption.services.code_files import exact_usd, safe_cell

PERIODS_A_PAGE, MOST_SWITCHES = 24, 100
CSV_HEAD = ("day", "model", "requests", "main_usd", "backup_usd")

View = Callable[[PageRequest], HttpResponse]


def _acts(view: View) -> View:
    """Let a view answer POST only: whoever comes back from signing in lands on the page of the plans."""

    @wraps(view)
    def answer(request: PageRequest) -> HttpResponse:
        return view(request) if request.method == "POST" else redirect("my_plans")

    return answer


@never_cache
@require_safe
def my_plans(request: PageRequest) -> HttpResponse:
    """Show what comes next of the plan, all periods and all switches."""
    customer = _customer(request)
    periods = Paginator(plan_history.periods_of(customer), PERIODS_A_PAGE)
    context = {
        "outlook": plan_outlook.of(customer),
        "periods": periods.get_page(request.GET.get("page")),
        "switches": plan_history.switches_of(customer)[:MOST_SWITCHES],
    }
    return render(request, "billing/my_plans.html", context)


@never_cache
@require_safe
def statement(request: PageRequest, period_pk: int) -> HttpResponse:
    """Show what a period cost and gave, and what calls took of it; one of somebody else looks like none."""
    return render(request, "billing/statement.html", {"statement": _statement(request, period_pk)})


@never_cache
@require_safe
def statement_csv(request: PageRequest, period_pk: int) -> HttpResponse:
    """Send the lines of a statement as a file for spreadsheets; amounts are in USD, exactly."""
    found = _statement(request, period_pk)
    lines = StringIO()
    writer = csv.writer(lines)
    writer.writerow(CSV_HEAD)
    for line in found.use.lines:
        pools = exact_usd(line.main), exact_usd(line.backup)
        writer.writerow([line.day.isoformat(), safe_cell(line.model), line.requests, *pools])
    response = HttpResponse(lines.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"plan-{timezone.localdate(found.period.starts_at).isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@_acts
def cancel(request: PageRequest) -> HttpResponse:
    """Let the plan end with what is paid for; the provider is told at once, or as soon as it answers."""
    done = gettext("Cancelled: nothing is charged any more.")
    return _wish(request, subscription_wishes.cancel, done)


@_acts
def resume(request: PageRequest) -> HttpResponse:
    """Let the plan renew again."""
    return _wish(request, subscription_wishes.resume, gettext("The plan renews again."))


@_acts
@never_cache
def to_portal(request: PageRequest) -> HttpResponse:
    """Lead to the provider's page for card and invoices; it is made anew for each click.

    A page of ours stands between, because a form may lead to our own pages only.
    """
    url = subscription_wishes.portal(_customer(request))
    return discreet(render(request, "billing/to_portal.html", {"url": url}))


def _wish(request: PageRequest, record: Callable[[Customer], int | None], done: str) -> HttpResponse:
    """Record a wish and tell the provider, then say what came of it: ``done`` if nothing is left to do."""
    try:
        told_of = record(_customer(request))
    except (CannotBeCancelled, CannotBeResumed) as refusal:
        messages.warning(request, told(refusal).sentence)
        return redirect("my_plans")
    if _is_carried_out(told_of):
        messages.success(request, done)
    else:
        messages.info(request, _recorded())
    return redirect("my_plans")


def _is_carried_out(subscription_pk: int | None) -> bool:
    """Tell the provider at once, if it is to be told; tell whether nothing is left to tell it."""
    if subscription_pk is None:
        return True
    subscription_wishes.carry_out(subscription_pk)
    return Subscription.objects.filter(pk=subscription_pk, wish="").exists()


def _recorded() -> str:
    return gettext("Your wish is recorded. The payment provider does not answer; it is told within minutes.")


def _customer(request: PageRequest) -> Customer:
    assert isinstance(request.user, User)  # noqa: S101 - nobody else is let in
    return customers.of_user(request.user)


def _statement(request: PageRequest, period_pk: int) -> Statement:
    found = plan_history.statement(_customer(request), period_pk)
    if found is None:
        raise Http404
    return found
