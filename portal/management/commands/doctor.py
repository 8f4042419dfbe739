"""Asks the outside world whether the shop can sell what it offers: `manage.py doctor`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.providers.errors import ProviderError
from billing.services import price_check


class Command(BaseCommand):
    help = "Compares every offered package with its product at Creem, and says what does not fit."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            faults = price_check.faults_at_creem()
        except ProviderError as failure:
            raise CommandError(f"Creem cannot be asked: {failure}") from failure
        for fault in faults:
            self.stdout.write(fault)
        if faults:
            raise CommandError(f"Faults: {len(faults)}. Whoever pays for these would wait for a person.")
        self.stdout.write("Every package is sold at Creem for its price.")
