"""What we hand to a browser and believe when it comes back: form tokens and short messages, signed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from pathlib import Path

_SHORTEST_SECRET = 32


class Signer:
    """HMAC-SHA256 with one secret, apart for each purpose."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _SHORTEST_SECRET:
            raise ValueError(f"the session secret needs at least {_SHORTEST_SECRET} bytes")
        self._secret = secret

    @classmethod
    def load(cls, file: Path) -> Signer:
        return cls(file.read_bytes().strip())

    def mac(self, purpose: str, value: str) -> str:
        digest = hmac.digest(self._secret, f"{purpose}\0{value}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def fits(self, purpose: str, value: str, mac: str) -> bool:
        return hmac.compare_digest(self.mac(purpose, value).encode(), mac.encode("utf-8", "replace"))

    def seal(self, purpose: str, content: object, life: float) -> str:
        """The content readable but unforgeable, for `life` seconds; a cookie can hold it."""
        text = json.dumps({"c": content, "e": int(time.time() + life)}, separators=(",", ":"))
        body = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
        return f"{body}.{self.mac(purpose, body)}"

    def open(self, purpose: str, sealed: str) -> object:
        """The content; None for anything that we did not seal or that has ended."""
        body, _, mac = sealed.partition(".")
        if not body or not self.fits(purpose, body, mac):
            return None
        try:
            inside = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (binascii.Error, ValueError):
            return None
        return inside["c"] if inside["e"] > time.time() else None


def new_nonce() -> str:
    return secrets.token_urlsafe(24)
