"""The Celery application: what `celery -A portal` runs, and what every task is sent through."""

import os
from typing import Any

from celery import Celery
from celery.contrib.django.task import DjangoTask
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")


class Task(DjangoTask):  # type: ignore[type-arg]  # it takes none at run time
    """A task that finds its worker's connection to the database as a request finds the site's.

    It is given back to the pool and taken again, so one that died meanwhile is met by a new one. Left to
    itself Celery closes the whole pool around every task: to make it anew takes longer than most tasks do.
    """

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Give back the connection that the last task of this process left."""
        close_old_connections()


app = Celery("purser", task_cls=Task)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.set_default()  # in every thread, not only in the one that imports this
