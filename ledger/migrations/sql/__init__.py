"""The hand-written SQL of the ledger: a file for each step, and beside it the file that takes the step back."""

from pathlib import Path

from django.db.migrations import RunSQL

HERE = Path(__file__).parent


def run(step: str) -> RunSQL:
    """Return the operation that runs `<step>.sql` forwards and `<step>.reverse.sql` backwards."""
    return RunSQL(
        sql=(HERE / f"{step}.sql").read_text(),
        reverse_sql=(HERE / f"{step}.reverse.sql").read_text(),
    )
