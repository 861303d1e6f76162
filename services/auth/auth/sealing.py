"""Seals tokens with AES-256-GCM, so that a row of the database alone opens nothing and fits nowhere else."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledgerport_libs import telemetry

log = telemetry.logger("sealing")

_FORMAT = 1
_NONCE = 12


class BrokenSeal(Exception):
    """This was not sealed by us, for this Business, provider and field, or the key is gone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value belongs; opened anywhere else, the seal is broken."""

    business_id: str
    provider: str
    field: str

    def bytes(self) -> bytes:
        return json.dumps([self.business_id, self.provider, self.field]).encode()


class KeyRing:
    """The active key seals; every key on the ring opens.

    A sealed value is: format (1 byte), length of the key's name (1 byte), that name, nonce (12 bytes), ciphertext.
    A ring that was loaded follows its file: keys are added, made active and removed while the service runs.
    """

    def __init__(self, active: str, keys: Mapping[str, bytes]) -> None:
        if active not in keys:
            raise ValueError(f"the active key {active} is not on the ring")
        for name, key in keys.items():
            if len(key) != 32 or not 1 <= len(name.encode()) <= 255:
                raise ValueError(f"key {name} must have a name and 32 bytes")
        self.active = active
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self._file: Path | None = None
        self._seen: tuple[int, int, int] | None = None

    @classmethod
    def load(cls, file: Path) -> KeyRing:
        """From JSON; ValueError for a file that holds no ring, without showing what it holds."""
        seen = _state_of(file)
        try:
            ring = json.loads(file.read_text())
            keys = {str(name): base64.b64decode(key, validate=True) for name, key in ring["keys"].items()}
            made = cls(str(ring["active"]), keys)
        except (KeyError, TypeError, AttributeError, binascii.Error, json.JSONDecodeError):
            raise ValueError(f"{file} holds no key ring") from None
        made._file, made._seen = file, seen
        return made

    def follow(self) -> bool:
        """Take over what the file says now; whether it said something new. A broken file changes nothing."""
        if self._file is None:
            return False
        try:
            if _state_of(self._file) == self._seen:
                return False
            newer = KeyRing.load(self._file)
        except (OSError, ValueError) as error:
            log.error("key_ring_not_read", error=str(error))
            return False
        self.active, self._keys, self._seen = newer.active, newer._keys, newer._seen
        log.info("key_ring_followed", active=self.active, ring=sorted(self._keys))
        return True

    @property
    def names(self) -> list[str]:
        return sorted(self._keys)

    def head(self) -> bytes:
        """How every value begins that the active key has sealed."""
        name = self.active.encode()
        return bytes([_FORMAT, len(name)]) + name

    def seal(self, secret: str, place: Place) -> bytes:
        head, nonce = self.head(), os.urandom(_NONCE)
        return head + nonce + self._keys[self.active].encrypt(nonce, secret.encode(), head + place.bytes())

    def open(self, sealed: bytes, place: Place) -> str:
        """The secret, which from now on no log shows. BrokenSeal otherwise."""
        try:
            if sealed[0] != _FORMAT:
                raise BrokenSeal("unknown format")
            end = 2 + sealed[1]
            head, nonce, sealed_text = sealed[:end], sealed[end : end + _NONCE], sealed[end + _NONCE :]
            key = self._key(head[2:].decode())
            secret = key.decrypt(nonce, sealed_text, head + place.bytes()).decode()
        except (InvalidTag, KeyError, IndexError, ValueError):
            raise BrokenSeal(f"the {place.field} of {place.provider} cannot be opened") from None
        telemetry.redactor.remember(secret)
        return secret

    def _key(self, name: str) -> AESGCM:
        """By name; one that another replica uses already is looked for in the file. KeyError where there is none."""
        if name not in self._keys:
            self.follow()
        return self._keys[name]


def _state_of(file: Path) -> tuple[int, int, int]:
    """Changes whenever the file does, also when another file is put in its place."""
    found = file.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size
