"""The stand-ins keep to the manners of the real things."""
