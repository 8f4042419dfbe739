"""Fixtures for people and their limits."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture
def shared_limits(transactional_db: None) -> Iterator[None]:
    """Let threads count together; flushing the tables of models leaves the cache, so clear it afterwards."""
    yield
    cache.clear()
