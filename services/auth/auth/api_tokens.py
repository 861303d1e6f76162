"""API tokens: a member's own keys for programs, in one Business, never with more than their maker may do."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from auth.people_settings import PeopleSettings
from auth.tokens import LONGEST, hash_of, new_token
from ledgerport.common.v1 import access_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.errors import NotAllowed, NotFound, NotSignedIn, Refused
from ledgerport_libs.identity import Person as Caller
from ledgerport_libs.rpc import require

log = telemetry.logger("api_tokens")
PREFIX = "lp_"
LONGEST_NAME = 60
Role: TypeAlias = access_pb2.Role.ValueType


@dataclass(frozen=True, slots=True)
class ApiToken:
    """One that works, without what proves it."""

    id: str
    name: str
    role: Role
    person_id: str
    email: str
    person_name: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Behind:
    """What an API token stands for at this moment; `life` in seconds."""

    id: str
    name: str
    business_id: str
    business_name: str
    person_id: str
    email: str
    person_name: str
    role: Role
    life: float
    stale: bool

    @property
    def caller(self) -> Caller:
        named = f"{self.email} by API token {self.name}"
        return Caller(self.person_id, named, self.business_id, self.role, f"api:{self.id}", api=True)


@dataclass(frozen=True, slots=True)
class _Maker:
    person_id: str
    role: Role


class ApiTokens:
    def __init__(self, db: Database, settings: PeopleSettings) -> None:
        self._db, self._settings = db, settings

    async def create(self, caller: Caller, name: str, role: Role, days: int) -> tuple[str, ApiToken]:
        """The token, which is not told again, and what is kept of it."""
        name, most = name.strip(), self._settings.api_token_days
        require(
            1 <= len(name) <= LONGEST_NAME and name.isprintable(), "Please name the token, in 60 characters or less."
        )
        require(access_pb2.ROLE_VIEWER <= role <= access_pb2.ROLE_ADMIN, "Choose Viewer, Bookkeeper or Admin.")
        require(1 <= days <= most, f"A token lives for 1 to {most} days.")
        token, token_id = new_token(PREFIX), str(uuid.uuid4())
        async with self._db.transaction() as tx:
            await tx.value("business_lock", id=caller.business_id)
            own = await tx.value("role_in", business_id=caller.business_id, person_id=caller.user_id) or 0
            if own < max(role, access_pb2.ROLE_BOOKKEEPER):
                raise NotAllowed(f"{own} may not make {role}", say="A token cannot have a role above your own.")
            if (
                await tx.value("api_tokens_living", business_id=caller.business_id)
                >= self._settings.api_tokens_of_business
            ):
                raise Refused("too many", reason="TOO_MANY_TOKENS", say="There are too many tokens. Revoke one first.")
            await tx.run(
                "api_token_add",
                id=token_id,
                token_hash=hash_of(token),
                business_id=caller.business_id,
                person_id=caller.user_id,
                name=name,
                role=role,
                days=days,
            )
            own_ones = await tx.all("api_tokens", ApiToken, business_id=caller.business_id, person_id=caller.user_id)
        log.info("api_token_made", token=token_id, business=caller.business_id, by=caller.user_id, role=int(role))
        return token, next(each for each in own_ones if each.id == token_id)

    async def visible_to(self, caller: Caller) -> list[ApiToken]:
        """An Admin's view: all of the Business. Anybody else's: their own."""
        whose = "" if caller.role >= access_pb2.ROLE_ADMIN else caller.user_id
        return await self._db.all("api_tokens", ApiToken, business_id=caller.business_id, person_id=whose)

    async def revoke(self, caller: Caller, token_id: str) -> None:
        """One's own, or as an Admin anybody's but an Owner's."""
        async with self._db.transaction() as tx:
            own = await tx.value("role_in", business_id=caller.business_id, person_id=caller.user_id) or 0
            maker = await tx.one("api_token_maker", _Maker, id=token_id, business_id=caller.business_id)
            if maker is None or (maker.person_id != caller.user_id and own < access_pb2.ROLE_ADMIN):
                raise NotFound("no such token", say="There is no such token.")
            if maker.person_id != caller.user_id and maker.role > own:
                raise NotAllowed("an admin may not touch an owner's", say="Only an owner can revoke an owner's token.")
            await tx.run("api_token_revoke", id=token_id, business_id=caller.business_id)
        log.info("api_token_revoked", token=token_id, business=caller.business_id, by=caller.user_id)

    async def behind(self, token: str) -> Behind:
        """NotSignedIn for one that is unknown, over or revoked, or whose maker is no member any more."""
        found = None
        if token.startswith(PREFIX):
            found = await self._db.one("api_token_behind", Behind, token_hash=hash_of(token[:LONGEST]))
        if found is None:
            raise NotSignedIn("no such API token", reason="API_TOKEN_INVALID", say="This API token does not work.")
        if found.stale:
            await self._db.run("api_token_used", id=found.id)
        return found
