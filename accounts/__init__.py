"""Who people are and how they prove it.

Owns the user, the customer (a buyer, with or without a login), registration and login, API key identity,
the counters that slow attackers down, and the keyed hashes and sealed boxes that every other room keeps
secrets in. As the room below all others it also lends them `pages.py` and `admin/lists.py`. Knows nothing of
money. Start reading at `models.py`, then `services/api_keys.py`.
"""
