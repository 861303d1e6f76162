"""Single sign-on: to the provider and back, and which account a proved identity opens."""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass

from auth.clients import Client
from auth.members import Invitation, Members
from auth.oidc import Identity, OpenIdProvider, SignOnFailed
from auth.people import Account, normal_email
from auth.people_settings import PeopleSettings
from auth.sessions import Sessions
from auth.tokens import LONGEST, Ticket, hash_of, new_token
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import InvalidRequest, Refused
from ledgerport_libs.identity import Person as Caller

log = telemetry.logger("sign_on")
_LONGEST_NEXT = 1000


@dataclass(frozen=True, slots=True)
class WayBack:
    """What the browser brought from the provider."""

    browser: str
    state: str
    code: str
    error: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A new session, or the identity was linked to the account that was signed in."""

    ticket: Ticket | None
    next: str


@dataclass(frozen=True, slots=True)
class _State:
    browser_hash: bytes
    nonce: str
    verifier: str
    invitation: bytes | None
    person_id: str | None
    next: str


class SignOn:
    """An account is found by (issuer, subject) and by nothing else; an e-mail alone never opens one."""

    def __init__(
        self, db: Database, provider: OpenIdProvider, sessions: Sessions, members: Members, settings: PeopleSettings
    ) -> None:
        self._db, self._provider, self._sessions, self._members = db, provider, sessions, members
        self._settings = settings

    async def start(self, browser: str, invitation: str, session_token: str, then: str) -> str:
        """The provider's address for one try, within ten minutes, in this browser."""
        if len(browser) < 16:
            raise InvalidRequest("no browser mark")
        state, nonce, verifier = new_token(), new_token(), new_token()
        url = await self._provider.authorize_url(state, nonce, verifier)
        async with self._db.transaction() as tx:
            person_id = (await self._sessions.of(tx, session_token)).person_id if session_token else None
            await tx.run(
                "sign_on_state_add",
                state_hash=hash_of(state),
                browser_hash=hash_of(browser),
                nonce=nonce,
                verifier=verifier,
                invitation=hash_of(invitation[:LONGEST]) if invitation else None,
                person_id=person_id,
                next=then[:_LONGEST_NEXT],
                life=self._settings.oidc_state_seconds,
            )
        return url

    async def finish(self, back: WayBack, client: Client) -> Arrived:
        """State first, then the provider's own error, then the code; only then is anything looked up."""
        state = await self._db.one("sign_on_state_use", _State, state_hash=hash_of(back.state[:LONGEST]))
        if state is None or not hmac.compare_digest(state.browser_hash, hash_of(back.browser)):
            raise _refused("STATE_MISMATCH", "This sign-in was not started in this browser in the last ten minutes.")
        if back.error or not back.code:
            reason = "ACCESS_DENIED" if back.error == "access_denied" else SignOnFailed.reason
            raise _refused(reason, "Your provider did not let you in. Please try again.")
        identity = await self._provider.identify(back.code[:4096], state.nonce, state.verifier, back.issuer[:500])
        if not identity.email_verified:
            raise _refused("EMAIL_NOT_VERIFIED", "Your provider has not verified your e-mail address.")
        async with self._db.transaction() as tx:
            if state.person_id:
                await self._link(tx, identity, state.person_id)
                return Arrived(None, state.next)
            account = await self._account(tx, identity)
            await self._join(tx, account, state.invitation)
            ticket = await self._sessions.open(tx, account.id, client)
        log.info("signed_on", person=account.id)
        return Arrived(ticket, state.next)

    async def is_linked(self, caller: Caller) -> bool:
        return bool(await self._db.value("has_identity", person_id=caller.user_id))

    async def _account(self, tx: Transaction, identity: Identity) -> Account:
        key = {"issuer": identity.issuer, "subject": identity.subject}
        known = await tx.one("person_of_identity", Account, **key)
        if known is not None:
            return known
        email = normal_email(identity.email)
        account = await tx.one("person_by_email", Account, email=email)
        if account is None:
            account = await self._new_account(tx, identity, email)
        elif self._settings.oidc_only:
            await self._hand_over(tx, account)
        else:
            raise _refused(
                "LINK_NEEDED",
                "There is an account with this e-mail. Sign in with its password, then link single sign-on under "
                "Account.",
            )
        await self._link(tx, identity, account.id)
        return account

    async def _new_account(self, tx: Transaction, identity: Identity, email: str) -> Account:
        invited = await tx.all("invitations_for", Invitation, email=email)
        if not invited and not self._settings.oidc_auto_sign_up:
            raise _refused("NOT_INVITED", "There is no account for you here yet. Ask for an invitation.")
        person_id = str(uuid.uuid4())
        if not await tx.run("person_add", id=person_id, email=email, name=identity.name, password_hash=None):
            raise SignOnFailed("two at once")
        for each in invited:  # the provider has proved the e-mail that they are for
            await self._members.join(tx, each, person_id)
        return Account(person_id, email, identity.name, None)

    async def _hand_over(self, tx: Transaction, account: Account) -> None:
        """The provider alone decides who this is: whoever made the account under this e-mail loses their ways in."""
        await tx.run("password_erase", id=account.id)
        await tx.run("api_tokens_end_all", person_id=account.id)
        await self._sessions.end_in(tx, account.id)

    async def _link(self, tx: Transaction, identity: Identity, person_id: str) -> None:
        key = {"issuer": identity.issuer, "subject": identity.subject}
        await tx.run("identity_link", person_id=person_id, **key)
        linked = await tx.one("person_of_identity", Account, **key)
        if linked is None or linked.id != person_id:
            raise _refused("LINKED_ELSEWHERE", "Another identity, or another account, is linked already.")

    async def _join(self, tx: Transaction, account: Account, invitation: bytes | None) -> None:
        """The invitation that the way began with; used up already where it made the account."""
        if invitation is None:
            return
        found = await tx.one("invitation_of", Invitation, token_hash=invitation)
        if found is not None and found.email == account.email:
            await self._members.join(tx, found, account.id)


def _refused(reason: str, say: str) -> Refused:
    return Refused(reason, reason=reason, say=say)
