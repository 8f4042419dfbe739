"""Where the embedded servers listen."""

from collections.abc import Callable
from pathlib import Path

import dj_database_url
import pytest

from portal.embedded import addresses

SHORT = Path("/srv/purser/.var")
LONG = Path("/srv") / ("x" * 100)

each_socket = pytest.mark.parametrize("find", [addresses.postgres_socket_dir, addresses.redis_socket_dir])


def test_a_directory_with_a_space_reaches_django_unchanged() -> None:
    parsed = dj_database_url.parse(addresses.postgres_url(Path("/srv/A b")))

    assert (parsed["HOST"], parsed["NAME"], parsed["USER"]) == (
        "/srv/A b/postgres/socket",
        "purser",
        "purser",
    )


@each_socket
def test_a_socket_lives_beside_its_data(find: Callable[[Path], Path]) -> None:
    assert find(SHORT).is_relative_to(SHORT)


@each_socket
def test_a_socket_moves_away_when_its_path_would_be_too_long_for_the_kernel(
    find: Callable[[Path], Path],
) -> None:
    longest_name = ".s.PGSQL.5432"

    assert len(bytes(find(LONG) / longest_name)) <= 100


@each_socket
def test_two_state_directories_never_share_a_socket(find: Callable[[Path], Path]) -> None:
    assert find(LONG / "one") != find(LONG / "two")


@pytest.mark.parametrize(
    ("url", "for_celery"),
    [
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
        ("redis://cache.example/1", "redis://cache.example/1"),
        ("rediss://cache.example", "rediss://cache.example"),
    ],
)
def test_celery_gets_its_own_word_for_a_unix_socket(url: str, for_celery: str) -> None:
    assert addresses.celery_url(url) == for_celery
