"""The dashboard: what is left, what was spent, and on what."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal import overviews
from portal.pages import MemberRequest


@never_cache
@require_safe
def dashboard(request: MemberRequest) -> HttpResponse:
    """Show the balance, today, this month, the latest calls and the keys."""
    return render(request, "portal/dashboard.html", {"board": overviews.board(request.user)})
