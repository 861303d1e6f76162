"""People: sign-up, sign-in, sessions, members and invitations."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auth.passwords import Passwords
from auth.settings import Settings
from auth.tokens import LONGEST, hash_of, new_token
from ledgerport.common.v1 import access_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import InvalidRequest, NotAllowed, NotSignedIn, Refused, TooManyTries
from ledgerport_libs.identity import Person as Caller
from ledgerport_libs.rpc import require

log = telemetry.logger("people")

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 1024
LONGEST_NAME, LONGEST_EMAIL = 120, 254


class WrongCredentials(NotSignedIn):
    reason = "WRONG_CREDENTIALS"
    say = "That e-mail and password do not match."


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    email: str
    name: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class Membership:
    business_id: str
    business_name: str
    role: access_pb2.Role.ValueType


@dataclass(frozen=True, slots=True)
class Member:
    id: str
    email: str
    name: str
    role: access_pb2.Role.ValueType
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class OpenSession:
    """What a session token stands for."""

    session_id: str
    person_id: str
    email: str
    name: str
    stale: bool


@dataclass(frozen=True, slots=True)
class Ticket:
    """A token that is shown once, and its end."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Invitation:
    business_id: str
    email: str
    role: access_pb2.Role.ValueType


class People:
    """The desk where people are known."""

    def __init__(self, db: Database, passwords: Passwords, settings: Settings) -> None:
        self._db, self._passwords, self._settings = db, passwords, settings

    async def sign_up(self, email: str, password: str, name: str, business_name: str, invitation: str) -> Ticket:
        """A person and a Business they own; with an invitation, a member of the inviting one instead.

        Whoever has an account already joins with it, by its own password.
        """
        email, name, business_name = normal_email(email), name.strip(), business_name.strip()
        check_password(password)
        require(len(name) <= LONGEST_NAME, "That name is too long.")
        if not invitation:
            require(1 <= len(business_name) <= LONGEST_NAME, "Please name your business.")
        elif await self._db.one("person_by_email", Account, email=email) is not None:
            return await self._join(email, password, invitation)
        password_hash = await self._passwords.hash(password)
        async with self._db.transaction() as tx:
            invited = await self._invited(tx, invitation, email) if invitation else None
            person_id = str(uuid.uuid4())
            added = await tx.run("person_add", id=person_id, email=email, name=name, password_hash=password_hash)
            if not added:
                raise Refused(
                    "e-mail taken", reason="EMAIL_TAKEN", say="There is an account with this e-mail. Please sign in."
                )
            if invited:
                business_id, role = invited.business_id, invited.role
                await tx.run("invitation_accept", token_hash=hash_of(invitation))
            else:
                business_id, role = str(uuid.uuid4()), access_pb2.ROLE_OWNER
                await tx.run("business_add", id=business_id, name=business_name)
            await tx.run("membership_add", business_id=business_id, person_id=person_id, role=role)
            return await self._open_session(tx, person_id)

    async def _join(self, email: str, password: str, invitation: str) -> Ticket:
        """One more Business for a person who is known: counted and checked as a sign-in."""
        ticket = await self.sign_in(email, password)
        session, _ = await self.resolve(ticket.token)
        async with self._db.transaction() as tx:
            invited = await self._invited(tx, invitation, email)
            await tx.run("invitation_accept", token_hash=hash_of(invitation))
            await tx.run(
                "membership_add", business_id=invited.business_id, person_id=session.person_id, role=invited.role
            )
        return ticket

    async def _invited(self, tx: Transaction, token: str, email: str) -> _Invitation:
        found = await tx.one("invitation_of", _Invitation, token_hash=hash_of(token[:LONGEST]))
        if found is None or found.email != email:
            raise Refused(
                "no such invitation",
                reason="INVITATION_INVALID",
                say="This invitation is used up, has expired, or is for another e-mail address.",
            )
        return found

    async def sign_in(self, email: str, password: str) -> Ticket:
        """WrongCredentials for an unknown e-mail as for a wrong password; TooManyTries after too many of either."""
        email = email.strip().lower()[:LONGEST_EMAIL]
        # Counted before the password is looked at: many tries at once are as many tries.
        number = await self._db.value("sign_in_failed", email=email, window=self._settings.sign_in_window_seconds)
        if number > self._settings.sign_in_failures:
            raise TooManyTries(f"{number} tries", say="Too many wrong passwords. Please wait a few minutes.")
        account = await self._db.one("person_by_email", Account, email=email)
        known = account.password_hash if account else None
        if not await self._passwords.fits(password[:LONGEST_PASSWORD], known) or account is None:
            raise WrongCredentials()
        await self._renew_hash(account, password)
        async with self._db.transaction() as tx:
            await tx.run("sign_in_worked", email=email)
            return await self._open_session(tx, account.id)

    async def _renew_hash(self, account: Account, password: str) -> None:
        if self._passwords.outdated(account.password_hash):
            newer = await self._passwords.hash(password)
            await self._db.run("password_replace", id=account.id, password_hash=newer, old_hash=account.password_hash)

    async def _open_session(self, tx: Transaction, person_id: str) -> Ticket:
        token = new_token()
        ends = await tx.value(
            "session_add",
            id=str(uuid.uuid4()),
            token_hash=hash_of(token),
            person_id=person_id,
            absolute=self._settings.session_absolute_seconds,
        )
        return Ticket(token, ends)

    async def sign_out(self, token: str) -> None:
        await self._db.run("session_end", token_hash=hash_of(token[:LONGEST]))

    async def resolve(self, token: str) -> tuple[OpenSession, list[Membership]]:
        """The person behind a session token; NotSignedIn for an unknown, ended or idle one."""
        async with self._db.transaction() as tx:
            session = await tx.one(
                "session_of",
                OpenSession,
                token_hash=hash_of(token[:LONGEST]),
                idle=self._settings.session_idle_seconds,
                absolute=self._settings.session_absolute_seconds,
            )
            if session is None:
                raise NotSignedIn("no such session")
            if session.stale:
                await tx.run("session_touch", id=session.session_id)
            return session, await tx.all("memberships", Membership, person_id=session.person_id)

    async def members(self, business_id: str) -> list[Member]:
        return await self._db.all("members", Member, business_id=business_id)

    async def role_in(self, business_id: str, person_id: str) -> access_pb2.Role.ValueType:
        """The role as it is now, not as it was when the caller's token was signed."""
        role = await self._db.value("role_in", business_id=business_id, person_id=person_id)
        return access_pb2.Role.ValueType(role or access_pb2.ROLE_UNSPECIFIED)

    async def require_admin(self, business_id: str, person_id: str) -> None:
        if await self.role_in(business_id, person_id) < access_pb2.ROLE_ADMIN:
            raise NotAllowed("not an admin of this business")

    async def invite(self, caller: Caller, email: str, role: access_pb2.Role.ValueType) -> Ticket:
        """A link for one e-mail. Only an Owner may invite an Owner."""
        email = normal_email(email)
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

    async def prune(self) -> None:
        """Forget what has ended."""
        limits = {
            "absolute": self._settings.session_absolute_seconds,
            "idle": self._settings.session_idle_seconds,
        }
        await self._db.run("sessions_prune", **limits)
        await self._db.run("sign_in_failures_prune", window=self._settings.sign_in_window_seconds)


def current_of(memberships: Sequence[Membership], business_id: str) -> Membership:
    """The one to act in: the named one, else the first. NotAllowed for a Business one does not belong to."""
    for membership in memberships:
        if business_id in ("", membership.business_id):
            return membership
    raise NotAllowed("not a member", say="You do not belong to this business.")


def normal_email(email: str) -> str:
    """Trimmed and in lower case; InvalidRequest for what cannot be an address."""
    email = email.strip().lower()
    name, at, domain = email.rpartition("@")
    good = name and at and domain and len(email) <= LONGEST_EMAIL and not any(c.isspace() for c in email)
    if not good or not email.isprintable():
        raise InvalidRequest("bad e-mail", say="That is not an e-mail address.", reason="EMAIL_INVALID")
    return email


def check_password(password: str) -> None:
    """Length is all that is asked for, as NIST advises."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidRequest(
            "bad length", say=f"A password needs at least {SHORTEST_PASSWORD} characters.", reason="PASSWORD_TOO_SHORT"
        )
