"""Whatever is done to the ledger, in whatever order: it agrees with the books as they should be."""

import os

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test
from pytest_django import Settings

from tests.ledger.machine import FREE_ALLOWANCE
from tests.ledger.planning_machine import PlanningMachine

# `PROVE=1` runs it at full size: 100,000 steps.
IS_FULL_SIZE = os.environ.get("PROVE") == "1"
RUNS, STEPS = (2_000, 50) if IS_FULL_SIZE else (15, 30)


@pytest.mark.timeout(0 if IS_FULL_SIZE else 600)
@pytest.mark.django_db(transaction=True)
def test_whatever_is_done_in_any_order_and_from_several_connections_the_books_add_up(
    settings: Settings,
) -> None:
    settings.FREE_ALLOWANCE = FREE_ALLOWANCE
    run_state_machine_as_test(
        PlanningMachine,
        settings=hypothesis.settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
