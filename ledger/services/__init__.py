"""What the ledger does: money that moves by entries, money that calls spend, and the proof of both."""
