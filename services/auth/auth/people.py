"""People: sign-up and sign-in by password, and what a session stands for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from auth.clients import NOWHERE, Client
from auth.members import Members, Membership
from auth.password_rules import check_password
from auth.passwords import Passwords
from auth.people_settings import PeopleSettings
from auth.sessions import OpenSession, Sessions
from auth.tokens import Ticket
from auth.tries import Patience, Tries
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.errors import InvalidRequest, NotAllowed, NotSignedIn, Refused
from ledgerport_libs.rpc import require

log = telemetry.logger("people")

LONGEST_NAME, LONGEST_EMAIL = 120, 254


class WrongCredentials(NotSignedIn):
    reason = "WRONG_CREDENTIALS"
    say = "That e-mail and password do not match."


class PasswordsOff(Refused):
    reason = "PASSWORDS_OFF"
    say = "Passwords are switched off here. Please use single sign-on."


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    email: str
    name: str
    password_hash: str | None


class People:
    """The desk where people are known."""

    def __init__(
        self,
        db: Database,
        passwords: Passwords,
        sessions: Sessions,
        members: Members,
        tries: Tries,
        settings: PeopleSettings,
    ) -> None:
        self._db, self._passwords, self._sessions, self._members = db, passwords, sessions, members
        self._tries, self._settings = tries, settings
        forgotten, wait = settings.tries_forgotten_seconds, settings.sign_in_wait_seconds
        self._same_place = Patience(settings.sign_in_tries, wait, settings.sign_in_longest_wait_seconds, forgotten)
        slowest = settings.stranger_longest_wait_seconds
        self._strangers = Patience(settings.stranger_tries, min(1.0, slowest), slowest, forgotten)

    async def sign_up(
        self, email: str, password: str, name: str, business_name: str, invitation: str, client: Client = NOWHERE
    ) -> Ticket:
        """A person and a Business they own; with an invitation, a member of the inviting one instead.

        Whoever has an account already joins with it, by its own password.
        """
        self.require_passwords()
        email, name = normal_email(email), name.strip()
        require(len(name) <= LONGEST_NAME, "That name is too long.")
        if invitation and await self._db.one("person_by_email", Account, email=email) is not None:
            return await self._join(email, password, invitation, client)
        check_password(password, email)
        if not invitation:
            business_name = normal_business(business_name)
        password_hash = await self._passwords.hash(password)
        async with self._db.transaction() as tx:
            invited = await self._members.invited(tx, invitation, email) if invitation else None
            person_id = str(uuid.uuid4())
            added = await tx.run("person_add", id=person_id, email=email, name=name, password_hash=password_hash)
            if not added:
                raise Refused(
                    "e-mail taken", reason="EMAIL_TAKEN", say="There is an account with this e-mail. Please sign in."
                )
            if invited:
                await self._members.join(tx, invited, person_id)
            else:
                await self._members.found(tx, person_id, business_name)
            await tx.run("address_is_familiar", email=email, address=client.place)
            return await self._sessions.open(tx, person_id, client)

    async def _join(self, email: str, password: str, invitation: str, client: Client) -> Ticket:
        """One more Business for a person who is known: counted and checked as a sign-in."""
        ticket = await self.sign_in(email, password, client)
        async with self._db.transaction() as tx:
            session = await self._sessions.of(tx, ticket.token)
            await self._members.join(tx, await self._members.invited(tx, invitation, email), session.person_id)
        return ticket

    async def sign_in(self, email: str, password: str, client: Client = NOWHERE) -> Ticket:
        """WrongCredentials for an unknown e-mail as for a wrong password; TooManyTries after too many of either.

        Counted by e-mail and address. Addresses that this e-mail never signed in from share a second, wider
        count, which slows them down and nobody else: no stranger can lock the owner of an account out.
        """
        self.require_passwords()
        email = email.strip().lower()[:LONGEST_EMAIL]
        await self.count_try(email, client)
        account = await self._db.one("person_by_email", Account, email=email)
        known = account.password_hash if account else None
        if not await self._passwords.fits(password, known) or account is None or known is None:
            raise WrongCredentials("wrong credentials")
        await self._renew_hash(account.id, known, password)
        await self._tries.forgive("sign-in", email, client.place)
        async with self._db.transaction() as tx:
            await tx.run("address_is_familiar", email=email, address=client.place)
            return await self._sessions.open(tx, account.id, client)

    async def count_try(self, email: str, client: Client) -> None:
        """Before any password is looked at: many tries at once are as many tries. Known or not, the same is done."""
        familiar = await self._db.value("is_familiar", email=email, address=client.place)
        await self._tries.take(self._same_place, "sign-in", email, client.place)
        if not familiar:
            await self._tries.take(self._strangers, "sign-in of strangers", email)

    async def _renew_hash(self, person_id: str, known: str, password: str) -> None:
        if self._passwords.outdated(known):
            newer = await self._passwords.hash(password)
            await self._db.run("password_replace", id=person_id, password_hash=newer, old_hash=known)

    async def sign_out(self, token: str) -> None:
        await self._sessions.end_by_token(token)

    async def resolve(self, token: str, client: Client = NOWHERE) -> tuple[OpenSession, list[Membership]]:
        """The person behind a session token; NotSignedIn for an unknown, ended or idle one."""
        async with self._db.transaction() as tx:
            session = await self._sessions.of(tx, token, client)
            return session, await tx.all("memberships", Membership, person_id=session.person_id)

    async def require_admin(self, business_id: str, person_id: str) -> None:
        await self._members.require_admin(business_id, person_id)

    def require_passwords(self) -> None:
        """PasswordsOff where the provider decides who is who."""
        if self._settings.oidc_only:
            raise PasswordsOff("OIDC_ONLY")

    async def prune(self) -> None:
        """Forget what has ended."""
        await self._sessions.prune()
        await self._tries.prune(self._settings.tries_forgotten_seconds)
        await self._db.run("familiar_addresses_prune", days=self._settings.familiar_address_days)
        await self._db.run("password_resets_prune")
        await self._db.run("sign_on_states_prune")


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
    good = name and at and domain and len(email) <= LONGEST_EMAIL and email.isprintable()
    # What would make two addresses of one, or a name, in a letter's head.
    if not good or any(char.isspace() or char in '@,;:<>()[]"\\' for char in name + domain):
        raise InvalidRequest("bad e-mail", say="That is not an e-mail address.", reason="EMAIL_INVALID")
    return email


def normal_business(name: str) -> str:
    name = name.strip()
    require(1 <= len(name) <= LONGEST_NAME, "Please name your business.")
    return name
