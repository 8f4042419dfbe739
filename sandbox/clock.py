"""The time as the sandbox's logs and mails show it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the ban points at Django's clock, which is not to be had here
