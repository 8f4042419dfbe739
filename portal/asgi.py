"""What listens. `PORTAL_ROLE` says which: the pages (`web`), the model API (`gateway`), or both (`all`).

With both, one port serves everything. The gateway stands beside Django, not inside it: no middleware
and no session is in a model call's way. A person whose browser opens the Base URL gets a page.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import call_command

from billing import checks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
pages = get_asgi_application()
# Servers check nothing by themselves, as `manage.py` does: they would sell and hear of no payment.
call_command("check", tags=[checks.TAG], stdout=StringIO())

# The gateway reads models, which exist only after the line above.
from gateway.api import addresses  # noqa: E402
from gateway.app import application as gateway  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def starting_loudly(application: Application) -> Application:
    """Let the server end when ``application`` cannot start: the standard would have it serve on without."""

    async def started(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        except Exception:
            if scope["type"] == "lifespan":
                await send({"type": "lifespan.startup.failed"})
            raise

    return started


async def everything(scope: Scope, receive: Receive, send: Send) -> None:
    """Give the gateway's calls to it, and all else to Django.

    The gateway alone cares when the server starts and ends.
    """
    if scope["type"] != "http":
        await gateway(scope, receive, send)
    elif _is_on_the_gateway_s_host(scope):
        await gateway_alone(scope, receive, send)
    elif _is_gateway_s(scope) and not _is_for_a_reader(scope):
        await gateway(scope, receive, send)
    else:
        await pages(scope, receive, send)


async def gateway_alone(scope: Scope, receive: Receive, send: Send) -> None:
    """Give the gateway every call, but for `/healthz`, which asks the database in Django's way everywhere.

    Whatever page a browser asks for is the one that explains the Base URL.
    """
    if scope["type"] == "http" and scope["path"] == "/healthz":
        await pages(scope, receive, send)
    elif scope["type"] == "http" and _is_for_a_reader(scope):
        await pages({**scope, "path": addresses.BASE, "raw_path": addresses.BASE.encode()}, receive, send)
    else:
        await gateway(scope, receive, send)


def _is_gateway_s(scope: Scope) -> bool:
    return addresses.is_gateway_s(scope["method"], scope["path"], dict(scope["headers"]))


def _is_for_a_reader(scope: Scope) -> bool:
    return addresses.is_for_a_reader(scope["method"], dict(scope["headers"]))


def _is_on_the_gateway_s_host(scope: Scope) -> bool:
    """Tell whether the call came to a host that is the Base URL's alone."""
    host = urlsplit(settings.GATEWAY_BASE_URL).netloc
    if host == urlsplit(settings.PUBLIC_URL).netloc:
        return False
    headers: dict[bytes, bytes] = dict(scope["headers"])
    return headers.get(b"host", b"").decode("latin-1") == host


async def pages_alone(scope: Scope, receive: Receive, send: Send) -> None:
    """Give every path to Django, which does not know about the server's start and end."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await pages(scope, receive, send)


BY_ROLE: dict[str, Application] = {"all": everything, "web": pages_alone, "gateway": gateway_alone}
application = starting_loudly(BY_ROLE[settings.PORTAL_ROLE])
