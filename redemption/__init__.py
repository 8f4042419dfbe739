"""Codes that turn into credit, once.

Owns batches, the issuing of codes, their single download, claiming, voiding and expiry. A code carries an
opaque benefit; whoever claims it grants the benefit in the same transaction. Start reading at `models.py`,
then `services/wallets.py` (what a customer does) and `services/issuing.py` (what the shop does).
"""
