"""Fixtures of the redemption room."""

import pytest
from celery import Task


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """Collect what would go to the broker: the name of each task, and its row."""
    messages: list[tuple[str, object]] = []
    monkeypatch.setattr(Task, "apply_async", lambda task, args, kwargs: messages.append((task.name, *args)))
    return messages
