"""Pictures of text that a phone can read."""

import qrcode
from django.utils.safestring import SafeString, mark_safe
from qrcode.image.svg import SvgPathImage

# The pale margin that readers need, in squares.
_MARGIN = 2


def svg(text: str) -> SafeString:
    """Return the QR code of ``text`` as an SVG image to put into a page; it names nothing but squares."""
    image = qrcode.make(text, image_factory=SvgPathImage, border=_MARGIN)
    return mark_safe(str(image.to_string(encoding="unicode")))  # noqa: S308 - made of numbers only
