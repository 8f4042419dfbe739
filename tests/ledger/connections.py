"""How to reach the test database without Django."""

from django.db import connection
from psycopg.conninfo import make_conninfo


def conninfo(**facts: str) -> str:
    """Return the address of the test database, with ``facts`` of one's own."""
    database = connection.settings_dict
    here = make_conninfo(host=database["HOST"], dbname=database["NAME"], user=database["USER"])
    return make_conninfo(here, **facts)
