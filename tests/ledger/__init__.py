"""The rules of the ledger."""

import pytest

pytest.register_assert_rewrite("tests.ledger.machine", "tests.ledger.merging_machine")
