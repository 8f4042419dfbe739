"""`POST /v1/messages/count_tokens`: how long a request would be. Nobody pays for it."""

import orjson

from gateway.api import surfaces
from gateway.api.http import Call
from gateway.services import message_requests, token_counts
from gateway.services.engine import Engine


async def count(call: Call, engine: Engine) -> None:
    """Answer with the number of input tokens, by the upstream's count where it counts, else by ours."""
    call.record.route = "count_tokens"
    credentials = call.credentials()
    request = message_requests.read_to_count(await surfaces.read_body(call), surfaces.passing_headers(call))
    tokens = await token_counts.of_input(request, credentials, call.record, engine)
    await call.answer(orjson.dumps({"input_tokens": tokens}))
