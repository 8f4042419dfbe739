"""What the redemption room does."""
