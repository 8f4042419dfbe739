"""Whether a process says the truth about itself."""

import pytest
from django.db import OperationalError, connection
from django.test import Client


@pytest.mark.django_db
def test_a_healthy_process_says_so_to_everybody() -> None:
    answer = Client().get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok"}
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.django_db
def test_without_its_database_it_asks_for_no_traffic() -> None:
    def refuse(*_: object) -> None:
        raise OperationalError

    with connection.execute_wrapper(refuse):
        answer = Client().get("/healthz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "database": "unavailable"}
