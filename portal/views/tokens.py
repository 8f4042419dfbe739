"""API keys: created and shown once, listed, disabled, enabled, deleted."""

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import ApiKey
from accounts.pages import render_part
from accounts.services import api_keys, customers
from accounts.services.api_keys import IssuedKey
from ledger.services import spending_keys
from portal import offers, overviews, refusals
from portal.forms import KeyForm
from portal.pages import MemberRequest
from portal.views.acts import acts_by_post


@never_cache
@require_safe
def tokens(request: MemberRequest) -> HttpResponse:
    """Show the reader's keys and the form for another."""
    return _page(request, KeyForm())


@never_cache
@acts_by_post("tokens")
def create(request: MemberRequest) -> HttpResponse:
    """Create a key and show it in this very answer: it is kept nowhere, not even until the next request."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=refusals.UNREADABLE)
    issued = spending_keys.create(
        customers.of_user(request.user),
        name=form.cleaned_data["name"],
        expires_at=form.cleaned_data["expires_on"],
    )
    return _page(request, KeyForm(), issued=issued)


@acts_by_post("tokens")
def disable(request: MemberRequest, key_pk: int) -> HttpResponse:
    """Stop a key until it is enabled again."""
    return _move(request, key_pk, api_keys.disable)


@acts_by_post("tokens")
def enable(request: MemberRequest, key_pk: int) -> HttpResponse:
    """Let a disabled key work again."""
    return _move(request, key_pk, api_keys.enable)


@never_cache
def delete(request: MemberRequest, key_pk: int) -> HttpResponse:
    """Ask once whether the key is to be deleted; delete it for ever when the answer is POSTed."""
    if request.method != "POST":
        api_key = api_keys.find(customers.of_user(request.user), key_pk)
        return _page(request, KeyForm(), confirming=api_key)
    return _move(request, key_pk, api_keys.revoke)


def _move(request: MemberRequest, key_pk: int, act: Callable[[ApiKey], None]) -> HttpResponse:
    act(api_keys.find(customers.of_user(request.user), key_pk))
    return _page(request, KeyForm()) if request.htmx else redirect("tokens")


def _page(
    request: MemberRequest,
    form: KeyForm,
    *,
    issued: IssuedKey | None = None,
    confirming: ApiKey | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "keys": overviews.keys(request.user),
        "form": form,
        "issued": issued,
        "confirming": confirming,
        "offers": offers.today(),
    }
    return render_part(request, "portal/tokens.html", "keys", context, status=status)
