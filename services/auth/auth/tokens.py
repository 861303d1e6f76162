"""Opaque tokens of our own: unguessable, and kept only as a hash."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from ledgerport_libs import telemetry

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Ticket:
    """A token that is shown once, and its end."""

    token: str
    expires_at: datetime


def new_token(prefix: str = "") -> str:
    """32 random bytes, URL-safe."""
    token = prefix + secrets.token_urlsafe(32)
    telemetry.redactor.remember(token)
    return token


def hash_of(token: str) -> bytes:
    """What is kept of a token. A plain hash is enough for 32 random bytes."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
