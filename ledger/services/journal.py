"""The usage journal's partitions, made before their months begin."""

import logging

from django.db import connection, transaction
from django.utils import timezone

log = logging.getLogger(__name__)

MONTHS_AHEAD = 3


@transaction.atomic
def prepare_partitions() -> list[str]:
    """Make the partitions of this month and the next ones where they are missing; return their names.

    Calls go on meanwhile. When a long query keeps the journal busy, this gives up and leaves it to the next
    run: there are months of time, and after them the default partition.
    """
    with connection.cursor() as cursor:
        cursor.execute("set local lock_timeout = '2s'")
        cursor.execute("select ledger_prepare_usage_partitions(%s, %s)", [MONTHS_AHEAD, timezone.now()])
        made = [name for (name,) in cursor.fetchall()]
    log.info("journal partitions made: %s", made or "none were missing")
    return made
