"""What a log line says, and what it does not."""

import json
import logging
import sys

import psycopg
import pytest

from portal.logs import JsonFormatter, PlainFormatter

REFUSAL = (
    'duplicate key value violates "email_once"\nDETAIL:  Key (email)=(ada@example.com) exists,\nand more.'
)


def record_of(error: Exception) -> logging.LogRecord:
    try:
        raise error
    except type(error):
        return logging.LogRecord("ledger", logging.ERROR, __file__, 1, "posting %s", (7,), sys.exc_info())


@pytest.mark.parametrize("formatter", [PlainFormatter(), JsonFormatter()])
def test_a_traceback_loses_the_row_that_the_database_quotes(formatter: logging.Formatter) -> None:
    line = formatter.format(record_of(psycopg.errors.UniqueViolation(REFUSAL)))

    assert "email_once" in line
    assert "ada@example.com" not in line
    assert "and more" not in line


def test_a_message_loses_it_too() -> None:
    record = logging.LogRecord("ledger", logging.ERROR, __file__, 1, "refused: %s", (REFUSAL,), None)

    assert (
        PlainFormatter()
        .format(record)
        .endswith('ERROR ledger: refused: duplicate key value violates "email_once"\n')
    )


def test_machines_get_one_object_a_line() -> None:
    line = JsonFormatter().format(record_of(ValueError("文")))

    assert "\n" not in line
    assert {"level": "ERROR", "logger": "ledger", "message": "posting 7"}.items() <= json.loads(line).items()
    assert json.loads(line)["traceback"].endswith("ValueError: 文")


@pytest.mark.parametrize("name", ["django.security.DisallowedHost", "django.security.csrf"])
def test_loggers_that_quote_headers_are_shut(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger(name).error("Invalid HTTP_HOST header: %s", "planted.example")

    assert "planted" not in "".join(capfd.readouterr())
