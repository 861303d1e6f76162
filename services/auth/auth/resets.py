"""New passwords: changed by whoever knows the old one, or set by a link that works once and for half an hour."""

from __future__ import annotations

from dataclasses import dataclass

from auth.clients import Client
from auth.mail import Letter, Mail
from auth.password_rules import check_password
from auth.passwords import Passwords
from auth.people import LONGEST_EMAIL, Account, People, WrongCredentials
from auth.people_settings import PeopleSettings
from auth.sessions import Sessions
from auth.tokens import LONGEST, Ticket, hash_of, new_token
from auth.tries import Patience, Tries
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import NotAllowed, NotFound, Refused
from ledgerport_libs.identity import Person as Caller

log = telemetry.logger("resets")


class ResetInvalid(Refused):
    reason = "RESET_INVALID"
    say = "This link is used up or has expired. Please ask for a new one."


@dataclass(frozen=True, slots=True)
class _Reset:
    person_id: str
    email: str
    made_by: str | None


class Resets:
    """Each new password ends the person's other sessions, and tells them by mail where mail is sent."""

    def __init__(
        self,
        db: Database,
        passwords: Passwords,
        people: People,
        sessions: Sessions,
        tries: Tries,
        mail: Mail,
        settings: PeopleSettings,
    ) -> None:
        self._db, self._passwords, self._people, self._sessions = db, passwords, people, sessions
        self._tries, self._mail, self._settings = tries, mail, settings
        forgotten = settings.tries_forgotten_seconds
        self._by_email = Patience(settings.reset_tries, forgotten, forgotten, forgotten)
        self._by_address = Patience(settings.reset_tries_by_address, 15.0, 900.0, forgotten)

    async def ask(self, email: str, client: Client) -> None:
        """Have a link sent, if there is such an account; neither the answer nor its time tells whether there is."""
        self._people.require_passwords()
        await self._tries.take(self._by_address, "reset from", client.place)
        email = email.strip().lower()[:LONGEST_EMAIL]
        self._mail.later(lambda: self._write(email))

    async def _write(self, email: str) -> Letter | None:
        if await self._tries.wait(self._by_email, "reset of", email):
            log.info("reset_not_sent", why="too many for this e-mail")
            return None
        account = await self._db.one("person_by_email", Account, email=email)
        if account is None:
            return None
        async with self._db.transaction() as tx:
            ticket = await self._ticket(tx, account.id, None)
        return Letter(
            account.email,
            "Your new LedgerPort password",
            "Somebody, we hope you, asked for a new password for this e-mail address at LedgerPort.\n\n"
            f"Choose it here within {round(self._settings.reset_seconds / 60)} minutes:\n{self.link(ticket.token)}\n\n"
            "The link works once. If it was not you, nothing needs to be done: your password stays as it is.\n",
        )

    def link(self, token: str) -> str:
        return f"{self._settings.address}/reset-password?token={token}"

    async def make_link(self, caller: Caller, person_id: str) -> tuple[Ticket, str]:
        """A link to hand over, and whose it is. Only where no mail is sent, and only by whoever stands above
        that person in every Business of theirs: a link opens the whole account."""
        self._people.require_passwords()
        if self._mail.on:
            raise Refused("mail is on", reason="MAIL_IS_SENT", say="Links are sent by mail here. Use Forgot password.")
        async with self._db.transaction() as tx:
            account = await tx.one("person_by_id", Account, id=person_id)
            here = account and await tx.value("role_in", business_id=caller.business_id, person_id=person_id)
            if account is None or not here:
                raise NotFound("no such member", say="There is no such member.")
            await self._require_reach(tx, caller.user_id, person_id)
            ticket = await self._ticket(tx, person_id, caller.user_id)
        log.info("reset_link_made", person=person_id, by=caller.user_id, business=caller.business_id)
        return ticket, account.email

    async def _require_reach(self, tx: Transaction, by: str, person_id: str) -> None:
        if await tx.value("out_of_reach", by=by, person_id=person_id):
            raise NotAllowed(
                "out of reach",
                say="This person is above you here, or belongs to a business that you do not manage. "
                "A link would open that, too.",
            )

    async def _ticket(self, tx: Transaction, person_id: str, made_by: str | None) -> Ticket:
        token = new_token()
        ends = await tx.value(
            "password_reset_add",
            token_hash=hash_of(token),
            person_id=person_id,
            made_by=made_by,
            life=self._settings.reset_seconds,
        )
        return Ticket(token, ends)

    async def reset(self, token: str, password: str, client: Client) -> str:
        """Set a new password by a link; whose. All sessions end, and this address is one of theirs from now on."""
        self._people.require_passwords()
        await self._tries.take(self._by_address, "reset from", client.place)
        token_hash = hash_of(token[:LONGEST])
        known = await self._db.one("password_reset_of", _Reset, token_hash=token_hash)
        if known is None:
            raise ResetInvalid("no such link")
        check_password(password, known.email)
        password_hash = await self._passwords.hash(password)
        async with self._db.transaction() as tx:
            if not await tx.value("password_reset_use", token_hash=token_hash):
                raise ResetInvalid("used meanwhile")
            if known.made_by:
                await self._require_reach(tx, known.made_by, known.person_id)
            await self._set(tx, known.person_id, password_hash, keep="")
            await tx.run("address_is_familiar", email=known.email, address=client.place)
        await self._tries.forgive("sign-in", known.email, client.place)
        self._tell(known.email)
        log.info("password_reset", person=known.person_id)
        return known.person_id

    async def change(self, caller: Caller, old: str, new: str) -> None:
        """WrongCredentials unless the old one is right, where there is one. This session stays; all others end."""
        self._people.require_passwords()
        await self._people.count_try(caller.email, Client())
        account = await self._db.one("person_by_id", Account, id=caller.user_id)
        if account is None:
            raise NotFound("no such person")
        if account.password_hash and not await self._passwords.fits(old, account.password_hash):
            raise WrongCredentials("wrong old password", say="The old password is not right.", reason="WRONG_PASSWORD")
        check_password(new, account.email)
        password_hash = await self._passwords.hash(new)
        async with self._db.transaction() as tx:
            await self._set(tx, caller.user_id, password_hash, keep=caller.session_id)
        await self._tries.forgive("sign-in", account.email, "")
        self._tell(account.email)
        log.info("password_changed", person=caller.user_id)

    async def has_password(self, caller: Caller) -> bool:
        account = await self._db.one("person_by_id", Account, id=caller.user_id)
        return bool(account and account.password_hash)

    async def _set(self, tx: Transaction, person_id: str, password_hash: str, keep: str) -> None:
        await tx.run("password_set", id=person_id, password_hash=password_hash)
        await tx.run("password_resets_end", person_id=person_id)
        await self._sessions.end_in(tx, person_id, keep=keep)

    def _tell(self, email: str) -> None:
        text = (
            "The password of your LedgerPort account was changed, and all other sessions were signed out.\n\n"
            f"If it was not you, set a new one at once: {self._settings.address}/forgot-password\n"
        )

        async def write() -> Letter:
            return Letter(email, "Your LedgerPort password was changed", text)

        self._mail.later(write)
