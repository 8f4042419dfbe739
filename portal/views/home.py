"""The front page, the price list, and the page behind the Base URL: what this place is, for everybody."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.services import packages
from portal import offers, overviews


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Say what this place is and what the reader's next step is."""
    context = {
        "offers": offers.today(),
        "journey": overviews.journey(request.user),
        "packages": packages.catalogue(),
    }
    return render(request, "portal/home.html", context)


@login_not_required
@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """Show what every model costs."""
    return render(request, "portal/models.html", {"offers": offers.today()})


@login_not_required
@require_safe
def base_url(request: HttpRequest) -> HttpResponse:
    """Explain the Base URL to a person who has opened it; the status stays what a program gets."""
    return render(request, "portal/base_url.html", {"offers": offers.today()}, status=404)
