"""The cache that the login's limits are counted in: rows in PostgreSQL, every write one statement."""

import base64
import pickle
from collections.abc import Mapping
from datetime import UTC, datetime

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router
from django.utils import timezone

_SET = """
    INSERT INTO {table} AS kept (cache_key, value, expires) VALUES (%(key)s, %(value)s, %(expires)s)
    ON CONFLICT (cache_key) DO UPDATE SET value = EXCLUDED.value, expires = EXCLUDED.expires
"""
_STATEMENTS = {
    "set": _SET,
    "add": _SET + " WHERE kept.expires <= %(now)s",
    "touch": "UPDATE {table} SET expires = %(expires)s WHERE cache_key = %(key)s AND expires > %(now)s",
}
_FORGET = "DELETE FROM {table} WHERE expires < %(now)s"
_NEVER = datetime.max.replace(tzinfo=UTC)


class LimitCache(DatabaseCache):
    """Django's database cache, made exact and unforgiving: allauth counts logins and takes its locks here.

    Django's own write swallows database errors, so that an attempt could go uncounted; it lets two callers
    take one expired lock; and it counts the whole table each time. This one does none of the three.
    """

    def _base_set(self, mode: str, key: str, value: object, timeout: float | None = DEFAULT_TIMEOUT) -> bool:
        expires = self.get_backend_timeout(timeout)
        values: dict[str, str | datetime] = {
            "key": key,
            "value": base64.b64encode(pickle.dumps(value, self.pickle_protocol)).decode(),
            "expires": _NEVER if expires is None else datetime.fromtimestamp(expires, UTC),
            "now": timezone.now(),
        }
        return self._execute(_STATEMENTS[mode], values) == 1

    def forget_expired(self) -> int:
        """Delete the rows that nobody will read again and return how many there were."""
        return self._execute(_FORGET, {"now": timezone.now()})

    def _execute(self, statement: str, values: Mapping[str, str | datetime]) -> int:
        connection = connections[router.db_for_write(self.cache_model_class)]
        table = connection.ops.quote_name(self.cache_model_class._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(statement.format(table=table), values)
            return int(cursor.rowcount)
