"""The receipt of one call, for the owner of the account that paid it."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.services import customers
from ledger.services import accounts, receipts
from portal import receipt_sheets
from portal.pages import MemberRequest


@never_cache
@require_safe
def receipt(request: MemberRequest, request_id: UUID) -> HttpResponse:
    """Show what a call used and cost; a call of another account looks like none."""
    account = accounts.open_for(customers.of_user(request.user))
    found = receipts.of_account(account, request_id)
    if found is None:
        raise Http404
    return render(request, "portal/receipt.html", {"sheet": receipt_sheets.of(found)})
