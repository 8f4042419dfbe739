"""The pages that show more than one room. Each view parses, asks once, and renders."""
