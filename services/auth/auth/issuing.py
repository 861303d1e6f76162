"""Access tokens for the two services that may ask: refreshed once at a time, and stored before use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from auth.accounts import Accounts
from auth.provider_answers import (
    AccessRefused,
    AccountSuspended,
    GrantRefused,
    ProviderError,
    ProviderTrouble,
    TokenSet,
)
from auth.settings import Settings
from auth.vault import NAMES, Credential, Vault
from ledgerport_libs import metrics, telemetry
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import PassingTrouble, Refused

log = telemetry.logger("issuing")

_LOOKS = (0.05, 0.1, 0.2, 0.4)
_NEVER_ENDS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """What is handed out. `expires_at` is a time to ask again where the token itself does not expire."""

    access_token: str = field(repr=False)
    version: int
    expires_at: datetime
    account: str


@dataclass(frozen=True, slots=True)
class _Lease:
    refresh_fence: int
    refresh_sealed: bytes | None = field(repr=False)
    version: int


class ReconnectNeeded(Refused):
    reason = "RECONNECT_NEEDED"


class NotConnected(Refused):
    reason = "NOT_CONNECTED"
    say = "This is not connected."


class Issuing:
    """Hands out access tokens; `on_commit` is told when an event waits in the outbox."""

    def __init__(
        self, db: Database, vault: Vault, accounts: Accounts, settings: Settings, on_commit: Callable[[], None]
    ) -> None:
        self._db, self._vault, self._accounts = db, vault, accounts
        self._settings, self._on_commit = settings, on_commit

    async def issue(self, business_id: str, provider: str, refused_version: int = 0) -> Issued:
        """A token with some minutes left. NotConnected, ReconnectNeeded, or PassingTrouble.

        `refused_version` names a token that the provider refused: it is replaced. If it was issued a moment ago,
        then the provider is asked whether it still lets us in, first with this token and then with a fresh one.
        """
        for look in range(10_000):
            held = await self.living(business_id, provider)
            refused = refused_version == held.version
            if refused and self._just_issued(held):
                return self._issued(await self._with_proved_access(held))
            if not refused and held.seconds_left() > self._settings.refresh_early_seconds:
                return self._issued(held)
            if held.refresh_sealed is None:
                return self._issued(await self._with_proved_access(held))
            if not held.may_refresh_now():
                return self._while_waiting(held, refused=refused)
            try:
                if await self.refresh(held):
                    continue
            except PassingTrouble:
                if refused or held.seconds_left() <= 0:
                    raise
                return self._issued(held)
            # Someone else is refreshing: look again soon.
            await asyncio.sleep(_LOOKS[min(look, len(_LOOKS) - 1)])
        raise PassingTrouble("never our turn")

    async def living(self, business_id: str, provider: str) -> Credential:
        """The stored credential, where it can be used."""
        async with self._db.transaction() as tx:
            held = await self._vault.read(tx, business_id, provider)
        if held is None or held.state == "revoked":
            raise NotConnected(say=f"{NAMES[provider]} is not connected.")
        if held.state == "refused":
            raise ReconnectNeeded(held.reason, say=held.explanation)
        return held

    async def refresh(self, held: Credential) -> bool:
        """Refresh under lease and fence. False where another holds the lease or the version is gone: look again.

        Raises PassingTrouble where the provider is in trouble, ReconnectNeeded where it refuses for good.
        """
        where = {"business_id": held.business_id, "provider": held.provider}
        lease = await self._db.one(
            "refresh_claim", _Lease, **where, version=held.version, lease=self._settings.refresh_lease_seconds
        )
        if lease is None or lease.refresh_sealed is None:
            return False
        fence, current = (
            lease.refresh_fence,
            self._vault.refresh_token(held.business_id, held.provider, lease.refresh_sealed),
        )
        try:
            tokens, used = await self._ask(held, current)
        except GrantRefused as final:
            metrics.TOKEN_REFRESHES.labels(held.provider, "refused").inc()
            return await self._refused_for_good(held, final)
        except ProviderTrouble as trouble:
            metrics.TOKEN_REFRESHES.labels(held.provider, "later").inc()
            await self._db.run("refresh_give_back", **where, fence=fence)
            log.warning("refresh_goes_on_later", business=held.business_id, provider=held.provider, error=str(trouble))
            raise PassingTrouble(
                str(trouble), say=f"{NAMES[held.provider]} does not answer at the moment. It is tried again."
            ) from None
        await self._store(held, fence, tokens, {current, used})
        metrics.TOKEN_REFRESHES.labels(held.provider, "done").inc()
        return True

    async def _ask(self, held: Credential, current: str) -> tuple[TokenSet, str]:
        """New tokens, and the refresh token that gave them: the stored one, else one that it replaced lately."""
        try:
            return await self._accounts.refresh(held, current), current
        except GrantRefused as refusal:
            first = refusal
        async with self._db.transaction() as tx:
            spares = await self._vault.spares(tx, held, self._settings.spare_refresh_seconds)
        for spare in spares:
            try:
                tokens = await self._accounts.refresh(held, spare)
            except GrantRefused:
                continue
            log.warning("an_older_refresh_token_helped", business=held.business_id, provider=held.provider)
            return tokens, spare
        raise first

    async def _store(self, held: Credential, fence: int, tokens: TokenSet, replaced: set[str]) -> None:
        """Commit before anyone may use them. Where the fence was lost, the new refresh token is kept as a spare."""
        async with self._db.transaction() as tx:
            stored = await self._vault.store_refreshed(tx, held, fence, tokens)
            if stored:
                await self._park(tx, held, replaced - {tokens.refresh, ""})
            else:
                now = await self._vault.read(tx, held.business_id, held.provider)
                same_consent = now is not None and now.state == "active" and now.connected_at == held.connected_at
                await self._park(tx, held, {tokens.refresh} - {""} if same_consent else set())
        if stored:
            self._on_commit()
        log.info(
            "token_refreshed",
            business=held.business_id,
            provider=held.provider,
            stored=stored,
            trace=tokens.trace_id,
        )

    async def _park(self, tx: Transaction, held: Credential, refresh_tokens: set[str]) -> None:
        for refresh_token in refresh_tokens:
            await self._vault.park(tx, held, refresh_token)

    async def _refused_for_good(self, held: Credential, final: GrantRefused) -> bool:
        """Final only if what is stored is still what was refused; else look again."""
        name = NAMES[held.provider]
        words = f"{name} no longer accepts our access: it was ended there or has expired. Please reconnect {name}."
        if await self._mark_refused(held, "INVALID_GRANT", words):
            raise ReconnectNeeded(str(final), say=words)
        return True

    async def _with_proved_access(self, held: Credential, *, fresh: bool = False) -> Credential:
        """A credential with which the provider gives us the account itself; ReconnectNeeded where none does."""
        try:
            await self._accounts.read(held, self._vault.access_token(held))
        except AccessRefused as refusal:
            if not fresh and held.refresh_sealed is not None:
                await self.refresh(held)
                return await self._with_proved_access(await self.living(held.business_id, held.provider), fresh=True)
            words = access_revoked_words(held.provider)
            await self._mark_refused(held, "ACCESS_REVOKED", words)
            raise ReconnectNeeded(str(refusal), say=words) from None
        except AccountSuspended as suspended:
            log.warning("account_suspended", business=held.business_id, error=str(suspended))
        except ProviderError as trouble:
            raise PassingTrouble(str(trouble)) from None
        return held

    async def _mark_refused(self, held: Credential, reason: str, words: str) -> bool:
        async with self._db.transaction() as tx:
            marked = await self._vault.refuse(tx, held, reason, words)
        if marked:
            self._on_commit()
            log.warning("credential_refused", business=held.business_id, provider=held.provider, reason=reason)
        return marked

    def _while_waiting(self, held: Credential, *, refused: bool) -> Issued:
        """The provider is in trouble and the next try is not due: what is left of the old token, or nothing."""
        if refused or held.seconds_left() <= 0:
            raise PassingTrouble("the next refresh is not due", say=f"{NAMES[held.provider]} does not answer yet.")
        return self._issued(held)

    def _just_issued(self, held: Credential) -> bool:
        return (held.read_at - held.issued_at).total_seconds() < self._settings.just_issued_seconds

    def _issued(self, held: Credential) -> Issued:
        ends = held.expires_at or datetime.now(UTC) + _NEVER_ENDS
        return Issued(self._vault.access_token(held), held.version, ends, held.account)


def access_revoked_words(provider: str) -> str:
    name = NAMES[provider]
    return f"{name} no longer lets us in: our access was ended in {name}. Please reconnect {name}."
