"""Whatever becomes of a sale, in whatever order: what was granted was paid for, and the books add up."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.billing.refunding_machine import RefundingMachine

# `PROVE=1` runs it at full size: 20,000 steps.
IS_FULL_SIZE = os.environ.get("PROVE") == "1"
RUNS, STEPS = (500, 40) if IS_FULL_SIZE else (20, 20)


@pytest.mark.timeout(0 if IS_FULL_SIZE else 600)
@pytest.mark.django_db
def test_paid_refunded_disputed_spent_redeemed_and_claimed_in_any_order_comes_out_even() -> None:
    run_state_machine_as_test(
        RefundingMachine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
