"""What a person reads who opens the Base URL in a browser."""

import pytest
from django.test import Client

from ledger.models import LanguageModel
from tests.portal.reading import english_left, words


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/chat/completions", "/anthropic", "/openai/v1/models"])
def test_a_person_is_told_that_nothing_is_broken(chat: LanguageModel, path: str) -> None:
    answer = Client().get(path)

    page = answer.content.decode()
    assert answer.status_code == 404  # as a program gets it
    assert "Nothing is broken." in words(page)
    assert 'class="button primary" href="/guide"' in page


def test_a_chinese_reader_is_told_in_chinese(chat: LanguageModel) -> None:
    page = Client().get("/v1", headers={"Accept-Language": "zh-hans"}).content.decode()

    assert english_left(page) == set()
