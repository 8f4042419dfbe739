"""`manage.py import_rates`: what the models would cost by a price list, and with --apply what they cost."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.money import NanoUSD, UnitRates, as_usd
from ledger.providers import price_lists
from ledger.services import rate_imports
from ledger.services.rate_imports import Plan, Proposal

ROW = "{:<32} {:<14} {:>14} {:>14} {:>10}"


class Command(BaseCommand):
    help = "Compare the rates of models with the price list of genai-prices; with --apply, set them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--markup", default="0", help="so many percent on top of the list, such as 20")
        parser.add_argument("--model", action="append", default=[], help="only this one; may be repeated")
        parser.add_argument("--apply", action="store_true", help="set the new rates from now on")

    def handle(self, *args: Any, markup: str, model: list[str], apply: bool, **options: Any) -> None:
        percent = _percent(markup)
        plan = rate_imports.plan(markup_percent=percent, at=timezone.now(), model_names=model)
        self.stdout.write(f"By {price_lists.NAME}, {percent} % on top, in USD per million tokens.\n\n")
        for line in _lines(plan):
            self.stdout.write(line)
        changes = sum(each.is_change for each in plan.proposals)
        if apply:
            self.stdout.write(f"{len(rate_imports.apply(plan.proposals))} models cost this from now on.")
        else:
            self.stdout.write(f"{changes} models would change. Nothing is set without --apply.")
        if plan.faults:
            raise CommandError(f"{len(plan.faults)} models were left as they are: see above.")


def _percent(text: str) -> Decimal:
    try:
        percent = Decimal(text)
    except InvalidOperation:
        percent = Decimal("NaN")
    if not (percent.is_finite() and Decimal(-100) <= percent <= Decimal(10_000)):
        raise CommandError(f"--markup is a number of percent, such as 20; not {text!r}.")
    return percent


def _lines(plan: Plan) -> Iterator[str]:
    yield ROW.format("model", "kind", "now", "then", "change")
    for proposal in plan.proposals:
        yield from _rows(proposal)
        yield from (f"    {remark}" for remark in proposal.remarks)
    yield ""
    yield from (f"{fault.model_name}: {fault.advice}" for fault in plan.faults)
    yield from (f"{name}: has no source of rates, and is priced by hand" for name in plan.by_hand)


def _rows(proposal: Proposal) -> Iterator[str]:
    name = proposal.model.name
    if not proposal.is_change:
        yield ROW.format(name, "unchanged", "", "", "").rstrip()
        return
    for kind, new in proposal.new._asdict().items():
        old = _price(proposal.old, kind)
        change = "new" if old is None else _change(old, new)
        yield ROW.format(name, kind.replace("_", " "), "-" if old is None else _usd(old), _usd(new), change)
        name = ""


def _price(rates: UnitRates | None, kind: str) -> int | None:
    return None if rates is None else rates._asdict()[kind]


def _change(old: int, new: int) -> str:
    if old == new:
        return "="
    return f"{100 * Decimal(new - old) / old:+.1f} %" if old else "new"


def _usd(rate: int) -> str:
    return f"{as_usd(NanoUSD(rate)).normalize():f}"
