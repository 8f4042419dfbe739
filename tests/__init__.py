"""The rules of the house as tests. Start at `servers.py` (what runs beneath them) and `cluster.py`."""
