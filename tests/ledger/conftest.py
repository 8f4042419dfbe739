"""A model with a price, and books that are proven when the test is over."""

from collections.abc import Iterator

import pytest
from django.db import connection

from ledger.models import LanguageModel
from ledger.services import proof
from tests.factories import ledger as make


@pytest.fixture
def model(db: None) -> LanguageModel:
    """Offer a model at `make.RATES`."""
    return make.priced()


@pytest.fixture
def proven_books(db: None) -> Iterator[None]:
    """Prove the books after the test."""
    yield
    assert proof.discrepancies() == []


@pytest.fixture(autouse=True)
def journal_emptied_after_commits(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty the usage journal after tests that commit: Django has not made the table and does not know it."""
    marker = request.node.get_closest_marker("django_db")
    yield
    if marker and marker.kwargs.get("transaction"):
        with connection.cursor() as cursor:
            cursor.execute("truncate ledger_usage")
