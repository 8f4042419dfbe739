"""What every page knows: the shop's name, its Base URL, and its colours."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from portal import themes


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the variables of the page frame."""
    return {
        "site_name": settings.SITE_NAME,
        "base_url": settings.GATEWAY_BASE_URL,
        "accent_hue": settings.SITE_ACCENT_HUE,
        "theme": themes.of_request(request),
        "theme_choices": themes.THEMES,
    }
