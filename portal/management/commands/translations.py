"""`manage.py translations`: the Chinese catalogue follows the texts in the sources."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import texts


class Command(BaseCommand):
    help = "Collect every text into the Chinese catalogue and compile it; --check only says what is wrong."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail on any fault")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if not check:
            texts.write(texts.renewed(texts.catalogue()))
        faults = texts.faults(texts.catalogue())
        for fault in faults:
            self.stdout.write(fault)
        if check and faults:
            raise CommandError(f"{len(faults)} texts need attention: run `manage.py translations`.")
