"""How fast codes are issued, beside a bare COPY of the very same rows into the very same table.

    python -m bench.codes_issue [codes]

Both commit to the same server in the same run. Issuing makes random codes, hashes them, seals their
plaintext, posts their liability and counts them, chunk by chunk; the bare COPY only writes what came of it.
"""

import sys
import time

from django.db import connection

from accounts.models import User
from bench import stand
from redemption.models import Batch
from redemption.services import issuing

CODES = 200_000
ROUNDS = 3
LEAST_SHARE = 25  # percent

COLUMNS = "batch_id, code_hash, pepper_version, last_four, value_nano_usd, state"


def main(count: int) -> bool:
    """Print the table; tell whether issuing was fast enough."""
    with stand.database():
        staff = User.objects.create_user("staff@example.com")
        pairs = [(issue(count, staff), bare_copy()) for _ in range(ROUNDS)]
    issued, copied = (count / min(seconds) for seconds in zip(*pairs, strict=True))
    return stand.verdict(
        f"issuing {count:,} codes", issued, "a bare COPY", copied, unit="codes/s", least_percent=LEAST_SHARE
    )


def issue(count: int, staff: User) -> float:
    """Issue a batch into an empty table and return the seconds."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE redemption_code, redemption_chunk, redemption_batch")
    batch = issuing.order_batch(Batch(name="bench", count=count, value_nano_usd=10**9), issued_by=staff)
    began = time.perf_counter()
    while issuing.issue_next_chunk(batch.pk):
        pass
    return time.perf_counter() - began


def bare_copy() -> float:
    """Copy the rows that were just issued into a twin of the table, and return the seconds."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare")
        cursor.execute("CREATE TABLE bare (LIKE redemption_code INCLUDING ALL)")
        with cursor.copy(f"COPY redemption_code ({COLUMNS}) TO STDOUT") as copy:
            rows = b"".join(bytes(block) for block in copy)
        began = time.perf_counter()
        with cursor.copy(f"COPY bare ({COLUMNS}) FROM STDIN") as copy:
            copy.write(rows)
        return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else CODES))
