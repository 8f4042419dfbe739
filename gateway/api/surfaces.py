"""The endpoints that are paid: each reads its own kind of body, and all calls are served alike."""

from django.conf import settings

from gateway.api.http import Call
from gateway.services import calls, chat_requests, embedding_requests, message_requests
from gateway.services.engine import Engine

# Of these headers an upstream that speaks Anthropic's protocol hears, and no other.
_PASSING_HEADERS = b"anthropic-"


async def chat(call: Call, engine: Engine) -> None:
    """Answer `POST /v1/chat/completions`."""
    call.record.route = "chat"
    credentials = call.credentials()
    # The body has no name here, nor below: a long one would stay in memory for as long as the answer takes.
    request = chat_requests.read(await read_body(call))
    await calls.serve(request, credentials, caller=call, engine=engine)


async def messages(call: Call, engine: Engine) -> None:
    """Answer `POST /v1/messages`."""
    call.record.route = "messages"
    credentials = call.credentials()
    request = message_requests.read(await read_body(call), passing_headers(call))
    await calls.serve(request, credentials, caller=call, engine=engine)


async def embeddings(call: Call, engine: Engine) -> None:
    """Answer `POST /v1/embeddings`."""
    call.record.route = "embeddings"
    credentials = call.credentials()
    request = embedding_requests.read(await read_body(call))
    await calls.serve(request, credentials, caller=call, engine=engine)


async def read_body(call: Call) -> bytes:
    """Return the body of ``call``, as long as it may be."""
    return await call.read_body(limit_bytes=settings.GATEWAY_BODY_LIMIT_BYTES)


def passing_headers(call: Call) -> dict[str, str]:
    """Return what of the caller's headers is the upstream's to read."""
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in call.headers.items()
        if name.startswith(_PASSING_HEADERS)
    }
