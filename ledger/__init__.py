"""The one home of money.

Owns accounts with their pools, entries and postings, lots, models and their versioned rates, allowances,
holds, the usage journal, and the proof of the books. Nothing outside this room writes a balance. Start
reading at `models/`, then `services/entries.py` (money that moves by business events) and
`services/holds.py` (money that requests spend).
"""
