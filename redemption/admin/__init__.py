"""The admin pages of batches and codes."""

from redemption.admin import batches, codes

__all__ = ["batches", "codes"]
