"""The keys that the services need, made once and kept below the home folder with mode 0600."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ledgerport_local.home import Home
from ledgerport_local.private_files import write_private

PUBLIC_KEYS = "public"


def identity_key(home: Home, service: str) -> Path:
    """The private Ed25519 key (PEM) by which `service` shows who it is; its public half lies beside it."""
    made = Ed25519PrivateKey.generate()
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    private = home.keep(f"{service}.pem", pem)
    public = public_keys(home) / f"{service}.pem"
    if not public.exists():
        key = load_pem_private_key(private.read_bytes(), password=None)
        write_private(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private


def public_keys(home: Home) -> Path:
    """The folder with `<service>.pem`, the public key of each service."""
    folder = home.keys / PUBLIC_KEYS
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def sealing_keys(home: Home) -> Path:
    """The key ring that seals stored tokens: JSON with the active key's name and 32 bytes a key in base64.

    Losing this file means that every connection must be made again.
    """
    ring = {"active": "k1", "keys": {"k1": base64.b64encode(secrets.token_bytes(32)).decode()}}
    return home.keep("sealing-keys.json", json.dumps(ring).encode())


def session_secret(home: Home) -> Path:
    """The secret that signs the browser sessions."""
    return home.keep("session-secret", secrets.token_urlsafe(48).encode())
