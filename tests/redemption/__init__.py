"""The rules of the redemption room."""
