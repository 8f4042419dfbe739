from datetime import timedelta

import pytest
from django.utils import timezone, translation

from ledger.money import Tokens
from portal.templatetags import measures, wording


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "0"), (812, "812"), (9_304, "9,304"), (10_000, "10K"), (131_072, "131K"), (65_536, "65.5K"),
        (5_000_000, "5M"), (17_240_000, "17.2M"), (999_999, "999.9K"), (3_000_000_000, "3B"),
    ],
)  # fmt: skip
def test_tokens_are_short_in_the_text(count: int, written: str) -> None:
    assert f">{written}</data>" in measures.tokens(Tokens(count))


def test_tokens_are_exact_on_hover() -> None:
    assert 'title="17,240,000"' in measures.tokens(Tokens(17_240_000))


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=3, seconds=1), "3 min ago"),
        (timedelta(hours=5, seconds=1), "5 h ago"),
        (timedelta(days=1, seconds=1), "1 day ago"),
        (timedelta(days=6, seconds=1), "6 days ago"),
        (-timedelta(minutes=30), "in less than an hour"),
        (-timedelta(hours=2, seconds=9), "in 2 h"),
        (-timedelta(days=1, seconds=9), "in 1 day"),
        (-timedelta(days=4, seconds=9), "in 4 days"),
    ],
)
def test_a_time_near_now_is_said_as_people_say_it(distance: timedelta, said: str) -> None:
    assert f">{said}</time>" in measures.ago(timezone.now() - distance)


def test_a_time_far_away_is_a_date() -> None:
    long_ago = timezone.now().replace(year=2024, month=2, day=29)

    assert ">Feb. 29, 2024</time>" in measures.ago(long_ago)


def test_a_time_is_exact_for_programs_and_on_hover() -> None:
    moment = timezone.now() - timedelta(hours=1)

    written = measures.ago(moment)

    assert f'datetime="{moment.isoformat()}"' in written
    assert "UTC" in written


def test_times_are_said_in_chinese_too() -> None:
    with translation.override("zh-hans"):
        assert ">3 分钟前</time>" in measures.ago(timezone.now() - timedelta(minutes=3, seconds=1))


def test_thousands_are_parted() -> None:
    assert measures.thousands(4312) == "4,312"


def test_a_borrowed_title_begins_like_a_sentence() -> None:
    assert wording.sentence_case("\n  Verify Your Email Address ") == "Verify your email address"
