"""Proves the books, the codes and the orders: `manage.py ledger_verify`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.services import proof as billing_proof
from ledger.services import proof as ledger_proof
from redemption.services import proof as redemption_proof


class Command(BaseCommand):
    """Prints a line for everything that does not add up, and then exits with 1."""

    help = "Proves from one snapshot that every balance, counter, code and order agrees with the journals."

    def handle(self, *args: Any, **options: Any) -> None:
        """Count everything again and compare."""
        with ledger_proof.snapshot():
            found = [
                *ledger_proof.discrepancies(),
                *redemption_proof.discrepancies(),
                *billing_proof.discrepancies(),
            ]
        for discrepancy in found:
            self.stdout.write("{}: {}: {}".format(*discrepancy))
        if found:
            raise CommandError(f"The books do not add up: {len(found)} discrepancies.")
        self.stdout.write("The books add up.")
