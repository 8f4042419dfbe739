"""The database as every deployment talks to it, built from one URL."""

from typing import Any

import dj_database_url

# A session that waits longer than these is at fault, not patient. Long work sets its own limit.
LIMITS = "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=30000"
# Left to itself a pool waits twice as long after each try, for minutes: a database that is back would be met
# late. Given up after seconds, the next who needs a connection has it tried anew.
POOL = {"min_size": 1, "max_size": 8, "timeout": 10, "reconnect_timeout": 5}


def read_database(url: str) -> dict[str, Any]:
    """Return Django's description of the database at ``url``, whose own options win over ours.

    Connections come from a pool and are tried before use, so a database that was away is met by a
    new one. Server-side cursors stay off: PgBouncer, in front of a large site, cannot keep them.
    """
    parsed: dict[str, Any] = {**dj_database_url.parse(url, conn_max_age=0, conn_health_checks=True)}
    parsed["OPTIONS"] = {"pool": POOL, "options": LIMITS, **parsed.get("OPTIONS", {})}
    parsed["DISABLE_SERVER_SIDE_CURSORS"] = True
    return parsed
