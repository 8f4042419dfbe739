"""Addresses that act: they take POST, and lead everybody else to the page that they belong to."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect

from portal.pages import MemberRequest

View = Callable[..., HttpResponse]


def acts_by_post(page: str) -> Callable[[View], View]:
    """Let a view answer POST only: whoever comes back from signing in lands on ``page``, not on an error."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: MemberRequest, **path: Any) -> HttpResponse:
            return view(request, **path) if request.method == "POST" else redirect(page)

        return answer

    return decorate
