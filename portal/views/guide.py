"""The guide: settings to copy for the programs that people use, and what to do when a call is refused."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import guides, offers


@login_not_required
@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """Show everybody how to set up a program."""
    context = {"offers": offers.today(), "refusals": guides.REFUSALS}
    return render(request, "portal/guide.html", context)
