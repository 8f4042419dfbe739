"""What providers call."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import doorbell
from billing.providers.errors import InvalidSignature
from billing.services import inbox, wiring

logger = logging.getLogger(__name__)

BODY_LIMIT_BYTES = 2**20
_UNAUTHORIZED, _NOT_FOUND, _TOO_LARGE, _UNAVAILABLE = 401, 404, 413, 503


@login_not_required
@csrf_exempt
@require_POST
def webhook(request: HttpRequest, provider_name: str) -> HttpResponse:
    """Verify, store, ring, acknowledge. Nothing is decided while the provider waits.

    Only 200 says that it is stored; after anything else the provider tells it again.
    """
    if not wiring.is_wired(provider_name):
        return HttpResponse(status=_NOT_FOUND)
    if _stated_bytes(request) > BODY_LIMIT_BYTES:
        return HttpResponse(status=_TOO_LARGE)
    body = request.read(BODY_LIMIT_BYTES + 1)
    if len(body) > BODY_LIMIT_BYTES:
        return HttpResponse(status=_TOO_LARGE)
    try:
        event_pk = inbox.receive(provider_name, body, request.headers)
    except InvalidSignature:
        return HttpResponse(status=_UNAUTHORIZED)
    except (OperationalError, InterfaceError):
        logger.exception("A webhook could not be stored; it will be told again.")
        return HttpResponse(status=_UNAVAILABLE)
    if event_pk is not None:
        doorbell.ring(event_pk)
    return HttpResponse("ok", content_type="text/plain")


def _stated_bytes(request: HttpRequest) -> int:
    stated: str = request.headers.get("content-length") or "0"
    return int(stated) if stated.isdecimal() else 0
