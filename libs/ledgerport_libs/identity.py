"""Who calls: services by tokens they sign with their own key, people by tokens that auth signs for them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledgerport.common.v1 import access_pb2
from ledgerport_libs.errors import NotSignedIn

SERVICE_TOKEN_LIFE = 120
PERSON_TOKEN_LIFE = 60
_ALGORITHM = "EdDSA"
_PERSON_AUDIENCE = "ledgerport-person"
_API_AUDIENCE = "ledgerport-api"
_CLOCK_SKEW = 10


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in person, or a program with an API token of theirs, acting in one Business."""

    user_id: str
    email: str
    business_id: str
    role: access_pb2.Role.ValueType
    session_id: str
    api: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """The service at the other end of the call, and the person it acts for, if any.

    `service` is empty where a program calls with an API token, or nobody proved anything yet.
    """

    service: str
    person: Person | None = None


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


def caller_of_this_call() -> Caller:
    """Set by the interceptor from proven tokens, never from the request's body."""
    caller = _caller.get()
    if caller is None:
        raise NotSignedIn("outside of a call")
    return caller


def person_of_this_call() -> Person:
    """The person this call acts for; NotSignedIn where a service calls in its own name."""
    person = caller_of_this_call().person
    if person is None:
        raise NotSignedIn("no person")
    return person


def set_caller(caller: Caller | None) -> None:
    _caller.set(caller)


class ServiceIdentity:
    """A service's own key: signs the tokens that prove to other services who is calling."""

    def __init__(self, service: str, key: Ed25519PrivateKey) -> None:
        self.service = service
        self._key = key
        self._tokens: dict[str, tuple[str, float]] = {}

    @classmethod
    def load(cls, service: str, key_file: Path) -> ServiceIdentity:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{key_file} holds no Ed25519 key")
        return cls(service, key)

    def token_for(self, audience: str) -> str:
        """Proves our name to one service; made anew when half of its life is over."""
        token, renew_at = self._tokens.get(audience, ("", 0.0))
        now = time.time()
        if now >= renew_at:
            claims = {
                "iss": self.service,
                "aud": audience,
                "iat": int(now),
                "exp": int(now) + SERVICE_TOKEN_LIFE,
            }
            token = jwt.encode(claims, self._key, algorithm=_ALGORITHM)
            self._tokens[audience] = (token, now + SERVICE_TOKEN_LIFE / 2)
        return token

    def token_of_person(self, person: Person, life: float = PERSON_TOKEN_LIFE) -> tuple[str, int]:
        """Auth only: what proves this person to other services, and when it ends (epoch seconds).

        A person's is believed from a service of ours only; an API client's also from the client itself.
        """
        now = int(time.time())
        ends = now + int(min(life, PERSON_TOKEN_LIFE))
        claims = {
            "iss": self.service,
            "aud": _API_AUDIENCE if person.api else _PERSON_AUDIENCE,
            "sub": person.user_id,
            "email": person.email,
            "business": person.business_id,
            "role": int(person.role),
            "session": person.session_id,
            "iat": now,
            "exp": ends,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM), ends


class Verifier:
    """Proves tokens against the public keys of the services that may exist."""

    def __init__(self, own_name: str, public_keys: Mapping[str, Ed25519PublicKey]) -> None:
        self._own_name = own_name
        self._keys = public_keys
        self._proven: dict[str, tuple[Any, float]] = {}

    @classmethod
    def load(cls, own_name: str, folder: Path) -> Verifier:
        keys: dict[str, Ed25519PublicKey] = {}
        for file in sorted(folder.glob("*.pem")):
            key = serialization.load_pem_public_key(file.read_bytes())
            if not isinstance(key, Ed25519PublicKey):
                raise TypeError(f"{file} holds no Ed25519 key")
            keys[file.stem] = key
        return cls(own_name, keys)

    def service(self, token: str) -> str:
        """The name of the calling service; NotSignedIn for anything that does not prove it."""
        claims = self._claims(token, self._own_name)
        return str(claims["iss"])

    def person(self, token: str) -> Person:
        """The person that auth vouches for to a service of ours; NotSignedIn for anything else."""
        return self.api_client(token) if _claims_to_be_api(token) else self._person(token, _PERSON_AUDIENCE)

    def api_client(self, token: str) -> Person:
        """The person for whom a program calls; NotSignedIn for anything else, a person's own caller token too."""
        return self._person(token, _API_AUDIENCE)

    def direct(self, token: str) -> Caller:
        """Whoever shows this token as their own: a service, or a program with an API token."""
        if _claims_to_be_api(token):
            return Caller("", self.api_client(token))
        return Caller(self.service(token))

    def _person(self, token: str, audience: str) -> Person:
        claims = self._claims(token, audience, issuer="auth")
        return Person(
            user_id=claims["sub"],
            email=claims["email"],
            business_id=claims["business"],
            role=access_pb2.Role.ValueType(claims["role"]),
            session_id=claims["session"],
            api=audience == _API_AUDIENCE,
        )

    def _claims(self, token: str, audience: str, issuer: str | None = None) -> dict[str, Any]:
        known, ends = self._proven.get(f"{audience}:{token}", (None, 0.0))
        if known is not None and time.time() < ends:
            return dict(known)
        try:
            named = jwt.decode(token, options={"verify_signature": False}).get("iss", "")
            if issuer is not None and named != issuer:
                raise NotSignedIn("wrong issuer")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._keys[named],
                algorithms=[_ALGORITHM],
                audience=audience,
                leeway=_CLOCK_SKEW,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, KeyError, TypeError) as cause:
            raise NotSignedIn("this token proves nothing") from cause
        if len(self._proven) > 10_000:
            self._proven.clear()
        self._proven[f"{audience}:{token}"] = (claims, float(claims["exp"]))
        return claims


def _claims_to_be_api(token: str) -> bool:
    """What a token says of itself, before anything is proved."""
    try:
        return bool(jwt.decode(token, options={"verify_signature": False}).get("aud") == _API_AUDIENCE)
    except jwt.PyJWTError:
        return False
