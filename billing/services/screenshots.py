"""Pictures that buyers attach and operators put up: believed only once they are decoded and encoded anew.

What is kept are pixels of ours: no place, camera or thumbnail that the file may have carried, and no program
that pretends to be a picture.
"""

from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageOps

from billing.errors import ScreenshotRefused

LARGEST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 24_000_000
LONGEST_SIDE = 2_000
FORMATS = ("PNG", "JPEG", "WEBP")
CONTENT_TYPE = "image/jpeg"
QUALITY = 85

# What the decoder answers to files that are broken, or made to exhaust it.
_REFUSALS = (
    OSError, ValueError, SyntaxError, EOFError, IndexError,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


def encoded_anew(file: BinaryIO) -> bytes:
    """Return the picture in ``file`` as a JPEG of ours; raises ScreenshotRefused for whatever is none.

    Its size is read before a pixel is decoded, so that a small file cannot become a huge picture.
    """
    content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise ScreenshotRefused
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as picture:
            return _jpeg_of(picture)
    except _REFUSALS as failure:
        raise ScreenshotRefused from failure


def _jpeg_of(picture: Image.Image) -> bytes:
    if picture.width * picture.height > MOST_PIXELS:
        raise ScreenshotRefused
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright)
    paper.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    kept = BytesIO()
    paper.save(kept, "JPEG", quality=QUALITY)
    return kept.getvalue()
