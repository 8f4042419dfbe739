"""What a reader chooses, the language and the theme; and the one colour that the shop chose."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language

from portal import themes


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language in the browser, and with the person, whose mails are written in it too."""
    chosen = request.POST.get("language")
    if request.user.is_authenticated and chosen in dict(settings.LANGUAGES):
        request.user.language = chosen
        request.user.save(update_fields=["language"])
    return set_language(request)


@login_not_required
@require_safe
@cache_control(public=True, immutable=True, max_age=31_536_000)
def accent(request: HttpRequest, hue: int) -> HttpResponse:
    """Give the pages the shop's one colour; every shade of it follows the hue."""
    return HttpResponse(f":root {{ --accent-hue: {hue}; }}\n", content_type="text/css; charset=utf-8")


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen colours in the browser and go back to where the reader was."""
    response = redirect(_way_back(request))
    themes.keep(themes.named(request.POST.get("theme", "")), response, is_secure=request.is_secure())
    return response


def _way_back(request: HttpRequest) -> str:
    path = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        path, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return path if is_ours else "home"
