"""What the local Creem is started with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sandbox.creem.entities import Product

API_KEY = "creem_test_sandbox"
WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105 - the sandbox's own, known to everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class CreemSettings:
    """The one store of this Creem.

    With a `clock_scale` of 60 the sandbox waits a second where Creem waits a minute. Without a `webhook_url`
    no webhook is sent.
    """

    api_key: str = API_KEY
    webhook_secret: str = WEBHOOK_SECRET
    webhook_url: str = ""
    clock_scale: float = 1
    products: Sequence[Product] = ()

    def __post_init__(self) -> None:
        """Refuse what Creem would never hand out."""
        if not self.api_key.startswith("creem_") or not self.webhook_secret:
            raise ValueError("an API key begins with creem_, and a webhook secret is not empty")
        if self.clock_scale <= 0:
            raise ValueError("a clock scale is above 0")

    @property
    def mode(self) -> Literal["test", "prod"]:
        """The environment of the key."""
        return "test" if self.api_key.startswith("creem_test_") else "prod"
