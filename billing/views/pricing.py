"""The price list of packages, for everybody."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.services import packages, reference_model


@login_not_required
@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """Show what is for sale, and what a buyer wants to know before paying."""
    context = {"offers": packages.catalogue(), "yardstick": reference_model.find()}
    return render(request, "billing/pricing.html", context)
