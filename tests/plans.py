"""What PostgreSQL would read to answer a page: a proof that it stays fast at any size, without a clock."""

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

Step = dict[str, Any]


def queries(admin: Client, page: str, **asked: str | int) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert admin.get(page, asked).status_code == 200
    return [query["sql"] for query in captured]


def of_table(model: type[Any], asked: list[str]) -> list[str]:
    """Return the queries for rows of the table, without those that only count them."""
    table = f'FROM "{model._meta.db_table}" '
    return [sql for sql in asked if table in sql and "COUNT(" not in sql]


def steps(sql: str, *, avoided: str) -> Iterator[Step]:
    """Yield the steps of the plan for ``sql``; what is avoided is in it only where there is no other way."""
    with connection.cursor() as cursor:
        cursor.execute(f"set local {avoided} = off")
        cursor.execute(f"explain (format json) {sql}")
        [[[explained]]] = cursor.fetchall()
        cursor.execute(f"set local {avoided} = on")
    waiting = [explained["Plan"]]
    while waiting:
        step = waiting.pop()
        waiting += step.get("Plans", [])
        yield step


def readings(model: type[Any], sql: str) -> list[Step]:
    """Return the steps that read the table, or a partition of it."""
    table = model._meta.db_table
    return [
        step
        for step in steps(sql, avoided="enable_seqscan")
        if str(step.get("Relation Name", "")).startswith(table)
    ]


def scans(model: type[Any], sql: str) -> bool:
    """Return whether rows of the table are looked at one by one, because no index leads to them."""
    return any(
        step["Node Type"] == "Seq Scan" or ("Filter" in step and "Index Cond" not in step)
        for step in readings(model, sql)
    )


def sorts(sql: str) -> bool:
    return any(step["Node Type"] == "Sort" for step in steps(sql, avoided="enable_sort"))
