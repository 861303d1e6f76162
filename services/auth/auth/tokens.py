"""Opaque tokens of our own: unguessable, and kept only as a hash."""

from __future__ import annotations

import hashlib
import secrets

from ledgerport_libs import telemetry

LONGEST = 200


def new_token() -> str:
    """32 random bytes, URL-safe."""
    token = secrets.token_urlsafe(32)
    telemetry.redactor.remember(token)
    return token


def hash_of(token: str) -> bytes:
    """What is kept of a token. A plain hash is enough for 32 random bytes."""
    return hashlib.sha256(token.encode()).digest()
