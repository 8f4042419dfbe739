"""Many at once: what a race needs, with a database connection for each."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

START_SECONDS = 60

T = TypeVar("T")


def together(count: int, act: Callable[[int], T]) -> list[T | Exception]:
    """Call ``act`` with 0, 1, ... in ``count`` threads that start as one; return what came of each.

    The test needs `pytest.mark.django_db(transaction=True)`: threads do not see an open transaction.
    """
    barrier = Barrier(count)

    def take_part(number: int) -> T | Exception:
        connections["default"].ensure_connection()
        barrier.wait(START_SECONDS)
        try:
            return act(number)
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(take_part, range(count)))
