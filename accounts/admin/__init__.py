"""The admin pages of people and keys, and `lists.py`, which every room's admin stands on."""

from accounts.admin import api_keys, customers, users

__all__ = ["api_keys", "customers", "users"]
