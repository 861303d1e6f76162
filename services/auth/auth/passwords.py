"""Passwords as argon2id hashes, computed off the event loop."""

from __future__ import annotations

import asyncio
import os

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Passwords:
    """Hashes and checks; a few at a time, since each takes memory and a core."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        # OWASP's choice for argon2id: 19 MiB, two rounds, one lane.
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        self._at_once = asyncio.Semaphore(max(2, os.cpu_count() or 2))
        self._decoy = self._hasher.hash(os.urandom(16).hex())

    async def hash(self, password: str) -> str:
        async with self._at_once:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, password: str, known_hash: str | None) -> bool:
        """Whether the password is right. For an unknown person (None) the same work is done, and the answer is no."""
        async with self._at_once:
            right = await asyncio.to_thread(self._verify, known_hash or self._decoy, password)
        return right and bool(known_hash)

    def outdated(self, known_hash: str) -> bool:
        return self._hasher.check_needs_rehash(known_hash)

    def _verify(self, known_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(known_hash, password)
        except (VerificationError, InvalidHashError):
            return False
