"""`POST /v1/chat/completions`."""

from django.conf import settings

from gateway.api.http import Call
from gateway.services import chat_calls, chat_requests
from gateway.services.engine import Engine


async def complete(call: Call, engine: Engine) -> None:
    """Read the key and the request, then let the story begin."""
    credentials = call.credentials()
    # The body has no name here: a long one would stay in memory for as long as the answer takes.
    chat = chat_requests.read(await call.read_body(limit_bytes=settings.GATEWAY_BODY_LIMIT_BYTES))
    await chat_calls.serve(chat, credentials, caller=call, engine=engine)
