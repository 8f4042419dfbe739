"""What listens. `PORTAL_ROLE` says which: the pages (`web`), the model API (`gateway`), or both (`all`).

With both, one port serves everything. The gateway stands beside Django, not inside it: no middleware
and no session is in a model call's way.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import call_command

from billing import checks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
pages = get_asgi_application()
# Servers check nothing by themselves, as `manage.py` does: they would sell and hear of no payment.
call_command("check", tags=[checks.TAG], stdout=StringIO())

# The gateway reads models, which exist only after the line above.
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
    """Give `/v1` and all below it to the gateway, every other path to Django.

    The gateway alone cares when the server starts and ends.
    """
    if scope["type"] == "lifespan" or scope["path"] == "/v1" or scope["path"].startswith("/v1/"):
        await gateway(scope, receive, send)
    else:
        await pages(scope, receive, send)


async def gateway_alone(scope: Scope, receive: Receive, send: Send) -> None:
    """Give every path to the gateway but `/healthz`, which asks the database in Django's way everywhere."""
    if scope["type"] != "lifespan" and scope["path"] == "/healthz":
        await pages(scope, receive, send)
    else:
        await gateway(scope, receive, send)


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
