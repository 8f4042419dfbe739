"""A page and its changing part: the same template answers a browser and htmx, in every room."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails


class PageRequest(HttpRequest):
    """A request by anybody, perhaps from htmx."""

    htmx: HtmxDetails


def render_part(
    request: PageRequest, template: str, part: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render ``template``, or only its partial ``part`` when htmx asks for what changed."""
    name = f"{template}#{part}" if request.htmx else template
    response = render(request, name, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
