"""Where each call goes. Whatever is not listed is an invalid URL."""

from gateway.api import addresses, counting, models, receipts, surfaces
from gateway.api.http import Call
from gateway.errors import EndpointNotOffered, UrlUnknown
from gateway.services.engine import Engine


async def dispatch(call: Call, engine: Engine) -> None:
    """Answer ``call``, or raise why it is refused."""
    if addresses.has_no_price(call.address):
        raise EndpointNotOffered(call.path)
    match call.method:
        case "POST":
            await _serve(call, engine)
        case "GET":
            await _show(call, engine)
        case "HEAD" if call.address.is_base:
            await call.answer(b"")  # clients ask so whether anybody is here
        case _:
            raise UrlUnknown(call.method, call.path)


async def _serve(call: Call, engine: Engine) -> None:
    match call.address.path:
        case addresses.CHAT:
            await surfaces.chat(call, engine)
        case addresses.MESSAGES:
            await surfaces.messages(call, engine)
        case addresses.EMBEDDINGS:
            await surfaces.embeddings(call, engine)
        case addresses.COUNT_TOKENS:
            await counting.count(call, engine)
        case _:
            raise UrlUnknown(call.method, call.path)


async def _show(call: Call, engine: Engine) -> None:
    address = call.address
    match address.path:
        case addresses.MODELS:
            await models.list_all(call, engine)
        case path if path.startswith(f"{addresses.MODELS}/"):
            await models.show(call, engine, name=address.name)
        case path if path.startswith(f"{addresses.RECEIPTS}/"):
            await receipts.show(call, engine, request_id=address.name)
        case _:
            raise UrlUnknown(call.method, call.path)
