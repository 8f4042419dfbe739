"""`manage.py load_demo`: the demo data of a fresh installation."""

from typing import Any

from django.core.management.base import BaseCommand

from portal import demo


class Command(BaseCommand):
    help = "Load people, models and a channel to try everything with. Harmless to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        demo.load()
