"""Where a form comes from, when its page sends no referrer.

A browser writes ``Origin: null`` on a form that it sends from a page with the policy `no-referrer`, and
Django would take every such form for a forgery. Browsers also say, in a header that no page can set, whether
a request comes from the very same site: that stands in for the missing origin. The token of the form is
demanded all the same.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class OriginMiddleware:
    """Names the origin of a form from one of our own pages; stands before Django's check of forgeries."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request through, its origin named if its browser vouches for it."""
        headers = request.headers
        if headers.get("Origin") == "null" and headers.get("Sec-Fetch-Site") == "same-origin":
            request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"
        return self.get_response(request)
