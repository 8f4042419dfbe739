"""Pictures that are shown to a browser, which must take them for nothing else."""

from django.http import HttpResponse

from billing.services import screenshots

# What QR codes are drawn as.
DRAWING = "image/svg+xml"
_NOTHING_BUT_A_PICTURE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def shown(image: bytes, content_type: str = screenshots.CONTENT_TYPE) -> HttpResponse:
    """Answer with a picture in a sandbox: whatever it may be, it runs nothing."""
    response = HttpResponse(image, content_type=content_type)
    response["Content-Security-Policy"] = _NOTHING_BUT_A_PICTURE
    response["X-Content-Type-Options"] = "nosniff"
    return response


def shown_in_private(image: bytes) -> HttpResponse:
    """Answer with a picture that somebody attached, which nobody on the way may keep."""
    response = shown(image)
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = "inline; filename=screenshot.jpg"
    return response
