"""Connecting a Business to its one QuickBooks company: checks in order, proof, and the permanent binding."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from auth.intuit import Intuit
from auth.people import People
from auth.provider_answers import (
    QUICKBOOKS,
    AccessRefused,
    AccountFacts,
    AccountSuspended,
    GrantRefused,
    ProviderError,
    ProviderTrouble,
    TokenSet,
)
from auth.revoking import Revoking
from auth.states import States
from auth.vault import Vault
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import PassingTrouble, Refused
from ledgerport_libs.identity import Person

log = telemetry.logger("quickbooks_connecting")

_REALM = re.compile(r"[0-9]{1,20}")
_ERROR = re.compile(r"[a-z_]{1,60}")
_LONGEST_CODE = 1024
_PROOF_WAITS = (0.3, 1.0)


@dataclass(frozen=True, slots=True)
class Callback:
    """What the browser brought back from Intuit. All of it could have been written by anyone."""

    session_id: str
    state: str
    code: str
    realm_id: str
    error: str
    error_description: str


@dataclass(frozen=True, slots=True)
class Binding:
    business_id: str
    realm_id: str
    company_name: str


@dataclass(frozen=True, slots=True)
class Connected:
    business_id: str
    realm_id: str
    company_name: str
    newly_bound: bool


class QuickBooksConnecting:
    """The two halves of Connect QuickBooks."""

    def __init__(
        self,
        db: Database,
        states: States,
        people: People,
        vault: Vault,
        intuit: Intuit,
        revoking: Revoking,
        on_commit: Callable[[], None],
    ) -> None:
        self._db, self._states, self._people, self._vault = db, states, people, vault
        self._intuit, self._revoking, self._on_commit = intuit, revoking, on_commit

    async def start(self, person: Person, session_id: str) -> str:
        """Where to send the browser."""
        await self._people.require_admin(person.business_id, person.user_id)
        state = await self._states.start(person, session_id, QUICKBOOKS)
        try:
            return await self._intuit.authorize_url(state)
        except ProviderTrouble as cause:
            raise PassingTrouble(str(cause), say="Intuit does not answer. Please try again shortly.") from None

    async def finish(self, person: Person, callback: Callback) -> Connected:
        """Connected, or an AppError whose reason says which check failed; nothing has changed then."""
        started = await self._states.use(person, callback.session_id, QUICKBOOKS, callback.state)
        business_id = started.business_id
        await self._people.require_admin(business_id, person.user_id)
        _check_error(callback)
        realm_id = _checked_realm(callback)
        async with self._db.transaction() as tx:
            bound = await self._check_binding(tx, business_id, realm_id)
        if not 0 < len(callback.code) <= _LONGEST_CODE:
            raise _exchange_failed("no code")
        await self._revoking.clear(QUICKBOOKS, realm_id)
        tokens = await self._exchange(callback.code, realm_id)
        facts = await self._prove(realm_id, tokens)
        await self._store(business_id, facts, tokens, person.email, newly=bound is None)
        self._on_commit()
        log.info("quickbooks_connected", business=business_id, realm=realm_id, newly_bound=bound is None)
        return Connected(business_id, realm_id, facts.name, bound is None)

    async def _check_binding(self, tx: Transaction, business_id: str, realm_id: str) -> Binding | None:
        """Our binding, if there is one, when this realm may be connected; a Refused otherwise."""
        ours = await tx.one("binding_of", Binding, business_id=business_id)
        if ours is not None and ours.realm_id != realm_id:
            raise wrong_company(ours, realm_id)
        theirs = await tx.one("binding_of_realm", Binding, realm_id=realm_id)
        if theirs is not None and theirs.business_id != business_id:
            raise bound_elsewhere(realm_id)
        return ours

    async def _exchange(self, code: str, realm_id: str) -> TokenSet:
        """Once only: repeating a code, even after no answer, can end the tokens it gave."""
        try:
            return await self._intuit.exchange(code, realm_id)
        except GrantRefused as cause:
            raise _exchange_failed(str(cause)) from None
        except ProviderTrouble as cause:
            raise _exchange_failed(str(cause)) from None

    async def _prove(self, realm_id: str, tokens: TokenSet) -> AccountFacts:
        """The company, read with the new token. The tokens of an unproved realm are dropped, not revoked.

        Whose company they open is not known then, and revoking them could cut off the Business that is bound to it.
        """
        for wait in (*_PROOF_WAITS, None):
            try:
                return await self._intuit.company(realm_id, tokens.access)
            except AccessRefused as cause:
                raise Refused(
                    str(cause),
                    reason="REALM_NOT_PROVED",
                    say="QuickBooks did not confirm that you gave access to this company. Nothing was connected. "
                    "Please connect again and choose the company on Intuit's page.",
                ) from None
            except AccountSuspended as cause:
                raise Refused(
                    str(cause),
                    reason="COMPANY_SUSPENDED",
                    say="The QuickBooks subscription of this company has ended. Renew it, then connect again.",
                ) from None
            except ProviderError as cause:
                if wait is None:
                    raise PassingTrouble(
                        str(cause),
                        reason="PROVIDER_ERROR",
                        say="QuickBooks did not answer. Nothing was connected. Please connect again in a minute.",
                    ) from None
                await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    async def _store(self, business_id: str, facts: AccountFacts, tokens: TokenSet, by: str, *, newly: bool) -> None:
        """Binding, tokens and event in one transaction. Whoever lost a race hears the same as one who came later."""
        try:
            async with self._db.transaction() as tx:
                if newly:
                    await tx.run(
                        "binding_add",
                        business_id=business_id,
                        realm_id=facts.account,
                        company_name=facts.name,
                        bound_by=by,
                    )
                await self._vault.put(tx, business_id, QUICKBOOKS, facts, tokens, by)
        except psycopg.errors.UniqueViolation:
            await self._after_lost_race(business_id, facts, tokens, by)

    async def _after_lost_race(self, business_id: str, facts: AccountFacts, tokens: TokenSet, by: str) -> None:
        """Another callback bound this Business or this realm in the same moment."""
        try:
            async with self._db.transaction() as tx:
                await self._check_binding(tx, business_id, facts.account)
                await self._vault.put(tx, business_id, QUICKBOOKS, facts, tokens, by)
        except Refused as lost:
            free = await self._db.one("binding_of_realm", Binding, realm_id=facts.account) is None
            if lost.reason == "WRONG_COMPANY" and free:
                # Nobody is bound to that company, so ending our access there harms nobody.
                with contextlib.suppress(ProviderError):
                    await self._intuit.revoke(tokens.refresh)
            raise


def wrong_company(ours: Binding, realm_id: str) -> Refused:
    return Refused(
        f"bound to {ours.realm_id}, came back with {realm_id}",
        reason="WRONG_COMPANY",
        say=f"This business is bound for good to {ours.company_name} (company {ours.realm_id}), but company {realm_id} "
        f"was chosen at Intuit. Nothing was changed. Connect again and choose {ours.company_name}.",
    )


def bound_elsewhere(realm_id: str) -> Refused:
    return Refused(
        f"{realm_id} is bound to another business",
        reason="COMPANY_BOUND_ELSEWHERE",
        say=f"QuickBooks company {realm_id} is already bound to another business in LedgerPort. Nothing was connected. "
        "Choose another company, or sign in to the business it belongs to.",
    )


def _check_error(callback: Callback) -> None:
    if callback.error == "access_denied":
        raise Refused(
            "access_denied",
            reason="ACCESS_DENIED",
            say="Access was denied at Intuit, so nothing was connected. Connect again when you are ready.",
        )
    if callback.error:
        code = callback.error if _ERROR.fullmatch(callback.error) else "unknown"
        told = " ".join(callback.error_description.split())[:200]
        say = f"Intuit could not go on ({code}). Nothing was connected."
        raise Refused(f"error {code}", reason="PROVIDER_ERROR", say=f"{say} Intuit says: {told}" if told else say)


def _checked_realm(callback: Callback) -> str:
    if not _REALM.fullmatch(callback.realm_id):
        raise Refused(
            "no realm",
            reason="REALM_MISSING",
            say="Intuit did not say which company was chosen. Nothing was connected. Please connect again.",
        )
    return callback.realm_id


def _exchange_failed(detail: str) -> Refused:
    return Refused(
        detail,
        reason="EXCHANGE_FAILED",
        say="Intuit did not accept this sign-in. Nothing was connected. Please connect again.",
    )
