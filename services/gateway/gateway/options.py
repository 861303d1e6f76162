"""What the sign-in page may offer, as auth is set up."""

from __future__ import annotations

import time

from gateway.neighbours import Neighbours, ask
from ledgerport.auth.v1 import people_pb2
from ledgerport_libs.errors import AppError

_KEPT = 30.0


class Options:
    """Asked of auth and kept for half a minute; while auth does not answer, what was known, or built-in accounts."""

    def __init__(self, neighbours: Neighbours) -> None:
        self._people = neighbours.people
        self._known = people_pb2.GetSignInOptionsResponse(passwords=True)
        self._until = 0.0

    async def now(self) -> people_pb2.GetSignInOptionsResponse:
        if time.monotonic() >= self._until:
            try:
                self._known = await ask(self._people.GetSignInOptions(people_pb2.GetSignInOptionsRequest()))
            except AppError:
                return self._known
            self._until = time.monotonic() + _KEPT
        return self._known
