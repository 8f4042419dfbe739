"""Permanent storage: uploads to Arweave, by API and by chat."""
