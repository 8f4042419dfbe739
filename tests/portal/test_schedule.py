"""What happens without anybody asking."""

from importlib import import_module

import pytest
from celery import Task

from portal import schedule
from portal.celery import app


@pytest.mark.parametrize("name", schedule.EVERY)
def test_every_scheduled_name_is_a_task(name: str) -> None:
    import_module(name.rpartition(".")[0])

    assert isinstance(app.tasks[name], Task)


def test_a_run_that_met_no_worker_does_not_pile_up() -> None:
    assert all(
        entry["options"]["expires"] == entry["schedule"] for entry in schedule.beat_schedule().values()
    )
