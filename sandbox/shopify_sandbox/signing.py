"""Shopify's two signatures: of query strings (hex) and of webhook bodies (base64)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping


def sign_query(parameters: Mapping[str, str], secret: str) -> str:
    """Lower-case hex HMAC-SHA256 over the sorted, decoded `key=value` pairs without `hmac`."""
    message = "&".join(f"{key}={parameters[key]}" for key in sorted(parameters) if key not in ("hmac", "signature"))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def sign_body(body: bytes, secret: str) -> str:
    """base64 HMAC-SHA256 over exactly these bytes."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
