"""The site with one view more, the least that could be called a webhook: it inserts a row and answers.

A server runs it as ``bare_site:application``, with this folder on its path: the package would set Django up
on a database of its own.
"""

import os

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
settings.ROOT_URLCONF = "bare_site"

# It reads the settings.
from portal.asgi import application  # noqa: E402, F401 - what the server asks for


@login_not_required
@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """Insert the body."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bare_row (body) VALUES (%s)", [request.body])
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [path("bare", bare), path("", include("portal.urls"))]
