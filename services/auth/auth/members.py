"""Members of a Business: their roles, invitations by link, and the Owner who must always be there."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from auth.people_settings import PeopleSettings
from auth.tokens import LONGEST, Ticket, hash_of, new_token
from ledgerport.common.v1 import access_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import NotAllowed, NotFound, Refused
from ledgerport_libs.identity import Person as Caller
from ledgerport_libs.rpc import require

log = telemetry.logger("members")
Role: TypeAlias = access_pb2.Role.ValueType


class LastOwner(Refused):
    reason = "LAST_OWNER"
    say = "A business needs an owner. Make somebody else an owner first."


@dataclass(frozen=True, slots=True)
class Membership:
    business_id: str
    business_name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Member:
    id: str
    email: str
    name: str
    role: Role
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """One that is open: neither used nor over, and its maker may still invite."""

    id: str
    business_id: str
    business_name: str
    email: str
    role: Role
    invited_by: str
    expires_at: datetime


class Members:
    """Every change re-reads roles in its own transaction, with the Business locked: of two at once, one waits."""

    def __init__(self, db: Database, settings: PeopleSettings) -> None:
        self._db, self._settings = db, settings

    async def of_business(self, business_id: str) -> list[Member]:
        return await self._db.all("members", Member, business_id=business_id)

    async def role_in(self, business_id: str, person_id: str) -> Role:
        """The role as it is now, not as it was when the caller's token was signed."""
        role = await self._db.value("role_in", business_id=business_id, person_id=person_id)
        return access_pb2.Role.ValueType(role or access_pb2.ROLE_UNSPECIFIED)

    async def require_admin(self, business_id: str, person_id: str) -> None:
        if await self.role_in(business_id, person_id) < access_pb2.ROLE_ADMIN:
            raise NotAllowed("not an admin of this business")

    async def invite(self, caller: Caller, email: str, role: Role) -> Ticket:
        """A link for one e-mail. Only an Owner may invite an Owner."""
        require(access_pb2.ROLE_VIEWER <= role <= access_pb2.ROLE_OWNER, "Please choose a role.")
        own = await self.role_in(caller.business_id, caller.user_id)
        if own < access_pb2.ROLE_ADMIN or role > own:
            raise NotAllowed(f"role {own} may not invite role {role}", say="You cannot give a role above your own.")
        token = new_token()
        ends = await self._db.value(
            "invitation_add",
            token_hash=hash_of(token),
            business_id=caller.business_id,
            email=email,
            role=role,
            invited_by=caller.user_id,
            life=self._settings.invitation_seconds,
        )
        return Ticket(token, ends)

    async def invitations(self, business_id: str) -> list[Invitation]:
        return await self._db.all("invitations", Invitation, business_id=business_id)

    async def revoke_invitation(self, caller: Caller, invitation_id: str) -> None:
        await self.require_admin(caller.business_id, caller.user_id)
        await self._db.run("invitation_revoke", id=invitation_id, business_id=caller.business_id)

    async def invited(self, tx: Transaction, token: str, email: str) -> Invitation:
        """The open invitation behind a link, locked; Refused unless it is for this e-mail."""
        return await self.invited_by_hash(tx, hash_of(token[:LONGEST]), email)

    async def invited_by_hash(self, tx: Transaction, token_hash: bytes, email: str) -> Invitation:
        found = await tx.one("invitation_of", Invitation, token_hash=token_hash)
        if found is None or found.email != email:
            raise Refused(
                "no such invitation",
                reason="INVITATION_INVALID",
                say="This invitation is used up, has expired, or is for another e-mail address.",
            )
        return found

    async def join(self, tx: Transaction, invited: Invitation, person_id: str) -> Membership:
        """Use an invitation up. Whoever is a member already keeps their role."""
        await tx.run("invitation_accept", id=invited.id)
        await tx.run("membership_add", business_id=invited.business_id, person_id=person_id, role=invited.role)
        return Membership(invited.business_id, invited.business_name, invited.role)

    async def accept(self, caller: Caller, token: str) -> Membership:
        """One more Business for somebody who is signed in."""
        async with self._db.transaction() as tx:
            return await self.join(tx, await self.invited(tx, token, caller.email), caller.user_id)

    async def found(self, tx: Transaction, person_id: str, name: str) -> Membership:
        """A new Business with its Owner."""
        business_id = str(uuid.uuid4())
        await tx.run("business_add", id=business_id, name=name)
        await tx.run("membership_add", business_id=business_id, person_id=person_id, role=access_pb2.ROLE_OWNER)
        return Membership(business_id, name, access_pb2.ROLE_OWNER)

    async def create_business(self, caller: Caller, name: str) -> Membership:
        async with self._db.transaction() as tx:
            await tx.value("person_lock", id=caller.user_id)
            if await tx.value("businesses_of", person_id=caller.user_id) >= self._settings.businesses_of_person:
                raise Refused(
                    "too many", reason="TOO_MANY_BUSINESSES", say="You belong to as many businesses as one can."
                )
            return await self.found(tx, caller.user_id, name)

    async def change_role(self, caller: Caller, person_id: str, role: Role) -> None:
        """Only an Owner touches or makes an Owner; LastOwner where nobody would be left."""
        require(access_pb2.ROLE_VIEWER <= role <= access_pb2.ROLE_OWNER, "Please choose a role.")
        async with self._db.transaction() as tx:
            own, theirs = await self._both(tx, caller, person_id)
            if role > own:
                raise NotAllowed(f"{own} may not make {role}", say="You cannot give a role above your own.")
            if theirs == access_pb2.ROLE_OWNER and role != theirs:
                await self._keep_an_owner(tx, caller.business_id)
            await tx.run("role_set", business_id=caller.business_id, person_id=person_id, role=role)
        log.info("role_changed", business=caller.business_id, person=person_id, by=caller.user_id, role=int(role))

    async def remove(self, caller: Caller, person_id: str) -> None:
        """As change_role; what the member made to call us with ends, too."""
        async with self._db.transaction() as tx:
            _, theirs = await self._both(tx, caller, person_id)
            if theirs == access_pb2.ROLE_OWNER:
                await self._keep_an_owner(tx, caller.business_id)
            await tx.run("api_tokens_end", business_id=caller.business_id, person_id=person_id)
            await tx.run("membership_end", business_id=caller.business_id, person_id=person_id)
        log.info("member_removed", business=caller.business_id, person=person_id, by=caller.user_id)

    async def _both(self, tx: Transaction, caller: Caller, person_id: str) -> tuple[Role, Role]:
        """The roles of caller and member as they are now, with the Business locked until the end."""
        await tx.value("business_lock", id=caller.business_id)
        own = await tx.value("role_in", business_id=caller.business_id, person_id=caller.user_id) or 0
        theirs = await tx.value("role_in", business_id=caller.business_id, person_id=person_id)
        if own < access_pb2.ROLE_ADMIN:
            raise NotAllowed("no longer an admin")
        if theirs is None:
            raise NotFound("no such member", say="There is no such member.")
        if theirs > own:
            raise NotAllowed("an admin may not touch an owner", say="Only an owner can change what an owner may do.")
        return access_pb2.Role.ValueType(own), access_pb2.Role.ValueType(theirs)

    async def _keep_an_owner(self, tx: Transaction, business_id: str) -> None:
        if await tx.value("owners_of", business_id=business_id) <= 1:
            raise LastOwner("the last owner")
