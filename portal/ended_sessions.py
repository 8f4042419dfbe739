"""What htmx gets when the session ended while its page was open."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails


class EndedSessionMiddleware:
    """Sends the whole page to sign in and back: htmx would swap the login form into a part of the page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Turn a redirect to the login page into one that the browser follows itself."""
        response = self.get_response(request)
        if response.status_code != HTTPStatus.FOUND or "HX-Request" not in request.headers:
            return response
        login_url = resolve_url(settings.LOGIN_URL)
        if response["Location"].partition("?")[0] != login_url:
            return response
        page = HtmxDetails(request).current_url_abs_path or resolve_url("home")
        return HttpResponseClientRedirect(redirect_to_login(page, login_url).url)
