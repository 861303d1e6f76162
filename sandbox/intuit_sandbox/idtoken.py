"""ID tokens: signed with a key that is made once and kept beside the books."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from intuit_sandbox import clock

KEY_ID = "sandbox-1"


class IdTokens:
    """Issues RS256 ID tokens and shows the public key."""

    def __init__(self, folder: Path, issuer: str) -> None:
        self.issuer = issuer
        self._key = _kept_key(folder / "id-token-key.pem")

    def issue(self, subject: str, client_id: str, realm: str) -> str:
        now = int(clock.now())
        claims = {
            "sub": subject,
            "aud": [client_id],
            "realmid": realm,
            "iss": self.issuer,
            "iat": now,
            "auth_time": now,
            "exp": now + 3600,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": KEY_ID})

    def jwks(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}


def _kept_key(path: Path) -> rsa.RSAPrivateKey:
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{path} holds no RSA key")
        return key
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(pem)
    path.chmod(0o600)
    return key
