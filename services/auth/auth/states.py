"""The state of an OAuth flow: unguessable, tied to session, person, Business and provider, and good for one use."""

from __future__ import annotations

from dataclasses import dataclass

from auth.tokens import LONGEST, hash_of, new_token
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.errors import Refused
from ledgerport_libs.identity import Person

log = telemetry.logger("states")


class StateMismatch(Refused):
    reason = "STATE_MISMATCH"
    say = (
        "This answer does not belong to a connection that you started here within the last ten minutes. "
        "Nothing was changed. Please start again from this page."
    )


@dataclass(frozen=True, slots=True)
class Started:
    """What was started with a state."""

    provider: str
    business_id: str
    person_id: str
    session_id: str
    shop: str


class States:
    """Kept as hashes for as long as they live."""

    def __init__(self, db: Database, life: float) -> None:
        self._db, self._life = db, life

    async def start(self, person: Person, session_id: str, provider: str, shop: str = "") -> str:
        """A new state for the person's own session; StateMismatch for another session's id."""
        if session_id != person.session_id:
            raise StateMismatch("a session of someone else")
        state = new_token()
        await self._db.run(
            "state_add",
            state_hash=hash_of(state),
            provider=provider,
            business_id=person.business_id,
            person_id=person.user_id,
            session_id=session_id,
            shop=shop,
            life=self._life,
        )
        return state

    async def use(self, person: Person, session_id: str, provider: str, state: str) -> Started:
        """What was started with it. It is used up now, whatever comes next, also when another session shows it."""
        if not 0 < len(state) <= LONGEST:
            raise StateMismatch("no state")
        started = await self._db.one("state_use", Started, state_hash=hash_of(state))
        if started is None:
            raise StateMismatch("unknown, used or expired")
        mine = (provider, person.user_id, session_id, session_id)
        if (started.provider, started.person_id, started.session_id, person.session_id) != mine:
            log.warning("state_of_another_session", business=started.business_id, provider=provider)
            raise StateMismatch("of another session, person or provider")
        return started

    async def prune(self) -> None:
        await self._db.run("states_prune")
