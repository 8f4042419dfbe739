"""Images: data or an address, in the words of either protocol."""

from typing import Any

from gateway.errors import FieldInvalid, Untranslatable
from gateway.services.translations.reading import Asked

_FORMS = "a web address, or data:<media type>;base64,<data>"


def as_part(block: Asked) -> dict[str, Any]:
    """Return an image block as a part of a chat message."""
    block.only("type", "source", "cache_control")
    return {"type": "image_url", "image_url": {"url": _url(block.part("source"))}}


def as_block(part: Asked) -> dict[str, Any]:
    """Return an image part of a chat message as a block.

    Anthropic's models always look closely, so asking for less detail, which costs less, is refused.
    """
    image = part.part("image_url")
    image.only("url", "detail")
    if image.fields.get("detail") == "low":
        raise Untranslatable(image.place_of("detail"))
    return {"type": "image", "source": _source(image)}


def _url(source: Asked) -> str:
    match source.fields.get("type"):
        case "base64":
            source.only("type", "media_type", "data")
            return f"data:{source.text('media_type')};base64,{source.text('data')}"
        case "url":
            source.only("type", "url")
            return source.text("url")
        case _:  # a file that was stored at an upstream
            raise Untranslatable(source.place)


def _source(image: Asked) -> dict[str, str]:
    url = image.text("url")
    if not url.startswith("data:"):
        return {"type": "url", "url": url}
    kind, _comma, data = url.removeprefix("data:").partition(",")
    if not kind.endswith(";base64") or not data:
        raise FieldInvalid(image.place_of("url"), _FORMS)
    return {"type": "base64", "media_type": kind.partition(";")[0], "data": data}
