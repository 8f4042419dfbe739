"""API keys: created and shown once, listed, limited, given another secret, disabled, enabled, deleted."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import ApiKey
from accounts.pages import render_part
from accounts.services import api_keys, customers
from ledger.services import spending_keys
from portal import key_lines, offers, refusals
from portal.key_forms import KeyForm
from portal.pages import MemberRequest
from portal.views.acts import acts_by_post


@never_cache
@require_safe
def tokens(request: MemberRequest) -> HttpResponse:
    """Show the reader's keys and the form for another."""
    return _page(request)


@never_cache
@acts_by_post("tokens")
def create(request: MemberRequest) -> HttpResponse:
    """Create a key and show it in this very answer: it is kept nowhere, not even until the next request."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=refusals.UNREADABLE)
    issued = spending_keys.create(customers.of_user(request.user), **form.described, limits=form.limits)
    return _page(request, issued=issued)


@never_cache
def edit(request: MemberRequest, key_pk: int) -> HttpResponse:
    """Show a key's name and limits in its row, to be changed there; change them when they are POSTed."""
    api_key = _own(request, key_pk)
    if request.method != "POST":
        return _page(request, editing=api_key, edited=KeyForm(api_key=api_key))
    form = KeyForm(request.POST, api_key=api_key)
    if not form.is_valid():
        return _page(request, editing=api_key, edited=form, status=refusals.UNREADABLE)
    spending_keys.change(api_key, **form.described, limits=form.limits)
    return _page(request, changed=api_key) if request.htmx else redirect("tokens")


@never_cache
def rotate(request: MemberRequest, key_pk: int) -> HttpResponse:
    """Ask once whether the key is to get another secret; when POSTed, show it in this very answer."""
    api_key = _own(request, key_pk)
    if request.method != "POST":
        return _page(request, rotating=api_key)
    return _page(request, issued=api_keys.rotate(api_key), is_rotated=True)


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
        return _page(request, deleting=_own(request, key_pk))
    return _move(request, key_pk, api_keys.revoke)


def _move(request: MemberRequest, key_pk: int, act: Callable[[ApiKey], None]) -> HttpResponse:
    act(_own(request, key_pk))
    return _page(request) if request.htmx else redirect("tokens")


def _own(request: MemberRequest, key_pk: int) -> ApiKey:
    return api_keys.find(customers.of_user(request.user), key_pk)


def _page(request: MemberRequest, *, status: int = 200, **moment: Any) -> HttpResponse:
    """Show the keys, and what the moment brings: a form, a question, a new key."""
    context = {
        "keys": key_lines.of_user(request.user),
        "form": KeyForm(),
        "offers": offers.today(),
        **moment,
    }
    return render_part(request, "portal/tokens.html", "keys", context, status=status)
