"""The gateway beside others of its kind: `python -m bench.gateway`, and what else of it is worth a number."""
