"""Sessions: opaque to the browser, hashed here, ended by idleness, by age, or by hand."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from auth.clients import NOWHERE, Client
from auth.people_settings import PeopleSettings
from auth.tokens import LONGEST, Ticket, hash_of, new_token
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import NotSignedIn
from ledgerport_libs.identity import Person as Caller

_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class OpenSession:
    """What a session token stands for."""

    session_id: str
    person_id: str
    email: str
    name: str
    stale: bool


@dataclass(frozen=True, slots=True)
class SeenSession:
    """One of a person's sessions, as they see it in a list."""

    id: str
    address: str
    user_agent: str
    created_at: datetime
    seen_at: datetime


class Sessions:
    """Two limits: one of idleness, one of age."""

    def __init__(self, db: Database, settings: PeopleSettings) -> None:
        self._db = db
        self._limits = {"idle": settings.session_idle_seconds, "absolute": settings.session_absolute_seconds}

    async def open(self, tx: Transaction, person_id: str, client: Client) -> Ticket:
        """A new one, within the transaction that proved who it is for."""
        token = new_token()
        ends = await tx.value(
            "session_add",
            id=str(uuid.uuid4()),
            token_hash=hash_of(token),
            person_id=person_id,
            address=client.address,
            user_agent=client.user_agent,
            absolute=self._limits["absolute"],
        )
        return Ticket(token, ends)

    async def of(self, tx: Transaction, token: str, client: Client = NOWHERE) -> OpenSession:
        """The person behind a session token; NotSignedIn for an unknown, ended or idle one."""
        session = await tx.one("session_of", OpenSession, token_hash=hash_of(token[:LONGEST]), **self._limits)
        if session is None:
            raise NotSignedIn("no such session")
        if session.stale:
            await tx.run("session_touch", id=session.session_id, address=client.address)
        return session

    async def end_by_token(self, token: str) -> None:
        await self._db.run("session_end", token_hash=hash_of(token[:LONGEST]))

    async def of_person(self, caller: Caller) -> list[SeenSession]:
        """The caller's own, last seen first."""
        return await self._db.all(
            "sessions_of", SeenSession, person_id=caller.user_id, most=_MOST_SHOWN, **self._limits
        )

    async def end(self, caller: Caller, session_id: str) -> None:
        """One of the caller's own; another's, or one that is over, is no error and nothing."""
        await self._db.run("session_end_own", id=session_id, person_id=caller.user_id)

    async def end_all(self, caller: Caller, *, keep_current: bool) -> int:
        async with self._db.transaction() as tx:
            return await self.end_in(tx, caller.user_id, keep=caller.session_id if keep_current else "")

    async def end_in(self, tx: Transaction, person_id: str, *, keep: str = "") -> int:
        """All of a person's sessions but one, within the transaction of what makes it necessary."""
        return await tx.run("sessions_end", person_id=person_id, keep=keep)

    async def prune(self) -> None:
        await self._db.run("sessions_prune", **self._limits)
