"""What the site changes about allauth's second factors: their secrets lie sealed in the database."""

from base64 import b64decode, b64encode

from allauth.mfa.adapter import DefaultMFAAdapter

from accounts.services import sealing

CONTEXT = "mfa.authenticator"


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is not typed
    """Second factors of Purser."""

    def encrypt(self, text: str) -> str:
        """Seal the seed of an authenticator app or of recovery codes."""
        return b64encode(sealing.seal(text.encode(), context=CONTEXT)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open what `encrypt` sealed."""
        return sealing.unseal(b64decode(encrypted_text), context=CONTEXT).decode()
