"""The pages of the shop. Each view parses, asks once, and renders."""
