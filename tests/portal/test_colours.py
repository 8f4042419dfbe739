"""The colours of both themes can be read: WCAG AA for text, 3 : 1 for the edges of controls."""

import math
import re

import pytest
from django.conf import settings

CSS = settings.BASE_DIR / "static" / "css"
COLOUR = re.compile(r"(--[\w-]+): oklch\(([\d.]+)% ([\d.]+) (\S+?)\);")
HUE = re.compile(r"--accent-hue: ([\d.]+)")
TEXT, CONTROL = 4.5, 3.0

WORDS = ["--ink", "--ink-soft", "--ink-faint", "--accent"]
GROUNDS = ["--paper", "--sheet", "--sunken", "--accent-wash"]
PAIRS = [
    *((word, ground, TEXT) for word in WORDS for ground in GROUNDS),
    *((state, ground, TEXT) for state in ("--good", "--warn", "--bad") for ground in ("--paper", "--sheet")),
    ("--good", "--good-wash", TEXT), ("--warn", "--warn-wash", TEXT), ("--bad", "--bad-wash", TEXT),
    ("--ink", "--good-wash", TEXT), ("--ink", "--warn-wash", TEXT), ("--ink", "--bad-wash", TEXT),
    ("--ink-faint", "--bad-wash", TEXT),
    ("--on-accent", "--accent", TEXT), ("--on-accent", "--accent-hover", TEXT),
    ("--on-bad", "--bad", TEXT), ("--on-bad", "--bad-hover", TEXT),
    ("--edge", "--sheet", CONTROL), ("--edge", "--paper", CONTROL),
    *((pool, "--sunken", CONTROL) for pool in ("--accent", "--pool-backup", "--pool-wallet")),
]  # fmt: skip


@pytest.mark.parametrize("theme", [("tokens.css",), ("tokens.css", "dark.css")], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_a_colour_stands_out_from_its_ground(
    theme: tuple[str, ...], front: str, ground: str, least: float
) -> None:
    luminance = luminances("".join((CSS / name).read_text() for name in theme))

    brighter, darker = sorted((luminance[front], luminance[ground]), reverse=True)

    assert (brighter + 0.05) / (darker + 0.05) >= least


def luminances(css: str) -> dict[str, float]:
    """Return the relative luminance of every colour; the last word on a colour wins."""
    hue = HUE.findall(css)[-1]
    return {
        name: luminance_of(float(light) / 100, float(chroma), float(angle.replace("var(--accent-hue)", hue)))
        for name, light, chroma, angle in COLOUR.findall(css)
    }


def luminance_of(light: float, chroma: float, hue: float) -> float:
    """Turn OKLCH into linear sRGB, clip it to what screens show, and weigh the three as WCAG does."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(max(part, 0.0), 1.0) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
