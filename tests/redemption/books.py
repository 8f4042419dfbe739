"""What the books say about codes, asked as a test asks."""

from ledger.models import Entry, Posting


def held_for_codes() -> int:
    """Return what the `codes` place holds: all that came in less all that went out."""
    came = sum(Posting.objects.filter(destination="codes").values_list("amount_nano_usd", flat=True))
    went = sum(Posting.objects.filter(source="codes").values_list("amount_nano_usd", flat=True))
    return came - went


def movements() -> list[tuple[str, str, str, int]]:
    """Return every movement with the reference of its entry, in the order of posting."""
    rows = Posting.objects.order_by("pk").select_related("entry")
    return [(row.entry.reference, row.source, row.destination, row.amount_nano_usd) for row in rows]


def references() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("reference", flat=True))
