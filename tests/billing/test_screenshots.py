"""Pictures of strangers: only what we have encoded ourselves is kept."""

from io import BytesIO

import pytest
from PIL import Image

from billing.errors import ScreenshotRefused
from billing.services import screenshots
from tests.factories import billing as make


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_kept_as_a_jpeg_of_ours(kind: str) -> None:
    kept = Image.open(BytesIO(screenshots.encoded_anew(make.picture(kind))))

    assert (kept.format, kept.size) == ("JPEG", (40, 20))


def test_what_a_picture_carries_beside_its_pixels_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"

    kept = screenshots.encoded_anew(make.picture("JPEG", exif=exif))

    assert b"where it was taken" not in kept
    assert not Image.open(BytesIO(kept)).getexif()


def test_what_is_hidden_behind_a_picture_is_gone() -> None:
    file = BytesIO(make.picture().getvalue() + b"<script>alert(1)</script>")

    assert b"script" not in screenshots.encoded_anew(file)


def test_a_see_through_picture_lies_on_white() -> None:
    file = BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(file, "PNG")
    file.seek(0)

    assert Image.open(BytesIO(screenshots.encoded_anew(file))).getpixel((4, 4)) == (255, 255, 255)


def test_a_huge_picture_is_made_smaller() -> None:
    kept = Image.open(BytesIO(screenshots.encoded_anew(make.picture(size=(4000, 1000)))))

    assert kept.size == (2000, 500)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + bytes(40),
        make.picture().getvalue()[:60],
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        bytes(screenshots.LARGEST_BYTES + 1),
        make.picture("PNG", (6000, 6000)).getvalue(),
        make.picture("PNG", (11_000, 11_000)).getvalue(),
    ],
    ids=["empty", "drawing", "gif", "cut short", "no picture", "too large", "too many pixels", "bomb"],
)
def test_whatever_else_is_refused(content: bytes) -> None:
    with pytest.raises(ScreenshotRefused):
        screenshots.encoded_anew(BytesIO(content))
