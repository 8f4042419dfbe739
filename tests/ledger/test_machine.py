"""Whatever is done to the ledger, in whatever order: it agrees with the books as they should be."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.ledger.merging_machine import MergingMachine

# `PROVE=1` runs it at full size: 100,000 steps.
IS_FULL_SIZE = os.environ.get("PROVE") == "1"
RUNS, STEPS = (2_000, 50) if IS_FULL_SIZE else (15, 30)


@pytest.mark.timeout(0 if IS_FULL_SIZE else 600)
@pytest.mark.django_db(transaction=True)
def test_whatever_is_done_in_any_order_and_from_several_connections_the_books_add_up() -> None:
    run_state_machine_as_test(
        MergingMachine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
