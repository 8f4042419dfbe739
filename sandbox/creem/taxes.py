"""Where a buyer can live, and the tax that an exclusive price does not include."""

from sandbox.creem.entities import Product

# In per cent.
COUNTRIES = {"US": 0, "SG": 0, "NL": 21}


def tax(product: Product, *, units: int, country: str) -> int:
    """Return the tax that is added to the price, in cents."""
    rate = COUNTRIES[country] if product.tax_mode == "exclusive" else 0
    return product.price * units * rate // 100
