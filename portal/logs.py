"""How log lines look: for people or for machines, and without the values that a database quotes."""

import json
import logging
import re

# PostgreSQL repeats the refused row or key in the detail of an error: it may be somebody's address.
DETAIL = re.compile(r"^DETAIL: .*?(?=^$|\Z)", re.MULTILINE | re.DOTALL)


class PlainFormatter(logging.Formatter):
    """Lines for people: when, how bad, who, what, and a traceback below."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without the details of a database error."""
        return DETAIL.sub("", super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for a machine."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object without the details of a database error."""
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": DETAIL.sub("", record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = DETAIL.sub("", self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
