"""The sandbox's own tokens: each CJK character is one, and so is each other run without a space.

White space belongs to the token after it (at the very end, to the token before), so the tokens of
a text, put together again, are the text.
"""

import re

_CJK = (
    "\u3001-\u30ff"  # punctuation, kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # ideographs
    "\uac00-\ud7af"  # hangul
    "\uff01-\uffef"  # full-width forms
    "\U00020000-\U0003ffff"  # rare ideographs
)
_TOKEN = re.compile(rf"\s*(?:[{_CJK}]|[^\s{_CJK}]+)(?:\s+\Z)?|\s+\Z")


def split_tokens(text: str) -> list[str]:
    """Cut ``text`` into its tokens."""
    return _TOKEN.findall(text)


def count_tokens(text: str) -> int:
    """Return how many tokens ``text`` has."""
    return len(_TOKEN.findall(text))
