"""Where each call goes. Whatever is not listed is an invalid URL."""

from gateway.api import chat, models
from gateway.api.http import Call
from gateway.errors import UrlUnknown
from gateway.services.engine import Engine

_MODEL_PREFIX = "/v1/models/"


async def dispatch(call: Call, engine: Engine) -> None:
    """Answer ``call``, or raise why it is refused."""
    match call.method, call.path:
        case "POST", "/v1/chat/completions":
            call.record.route = "chat"
            await chat.complete(call, engine)
        case "GET", "/v1/models":
            call.record.route = "models"
            await models.list_all(call, engine)
        case "GET", path if path.startswith(_MODEL_PREFIX):
            call.record.route = "model"
            await models.show(call, engine, name=path.removeprefix(_MODEL_PREFIX))
        case _:
            raise UrlUnknown(call.method, call.path)
