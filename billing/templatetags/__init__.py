"""How the shop's rows are written on pages."""
