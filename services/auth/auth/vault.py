"""The stored credentials of a Business: sealed on the way in, opened on the way out, each change told as an event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from auth.provider_answers import QUICKBOOKS, SHOPIFY, AccountFacts, TokenSet
from auth.sealing import KeyRing, Place
from ledgerport.common.v1 import provider_pb2
from ledgerport.events.v1 import auth_pb2
from ledgerport_libs.bus import OutgoingEvent
from ledgerport_libs.database import Transaction
from ledgerport_libs.timestamps import timestamp

PROVIDERS = {
    provider_pb2.PROVIDER_QUICKBOOKS: QUICKBOOKS,
    provider_pb2.PROVIDER_SHOPIFY: SHOPIFY,
}
_NUMBERS = {name: number for number, name in PROVIDERS.items()}
NAMES = {QUICKBOOKS: "QuickBooks", SHOPIFY: "Shopify"}


@dataclass(frozen=True, slots=True)
class Credential:
    """A row as it is stored; `read_at` is the database's own time."""

    business_id: str
    provider: str
    account: str
    account_id: str
    account_name: str
    state: str
    version: int
    access_sealed: bytes | None = field(repr=False)
    refresh_sealed: bytes | None = field(repr=False)
    scopes: str
    connected_by: str
    connected_at: datetime
    issued_at: datetime
    expires_at: datetime | None
    refresh_expires_at: datetime | None
    hard_expires_at: datetime | None
    reason: str
    explanation: str
    refresh_not_before: datetime | None
    read_at: datetime

    def seconds_left(self) -> float:
        """Of the access token; endless where it does not expire."""
        return (self.expires_at - self.read_at).total_seconds() if self.expires_at else float("inf")

    def may_refresh_now(self) -> bool:
        return self.refresh_not_before is None or self.refresh_not_before <= self.read_at


@dataclass(frozen=True, slots=True)
class _Sealed:
    sealed: bytes


@dataclass(frozen=True, slots=True)
class _Revoked:
    version: int
    account: str
    refresh_sealed: bytes | None
    access_sealed: bytes | None


class Vault:
    """Runs inside the caller's transaction, so that tokens, binding and event are committed together."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def read(self, tx: Transaction, business_id: str, provider: str) -> Credential | None:
        return await tx.one("credential_of", Credential, business_id=business_id, provider=provider)

    def access_token(self, held: Credential) -> str:
        if held.access_sealed is None:
            raise LookupError("no access token is kept")
        return self._ring.open(held.access_sealed, Place(held.business_id, held.provider, "access"))

    def refresh_token(self, business_id: str, provider: str, sealed: bytes) -> str:
        return self._ring.open(sealed, Place(business_id, provider, "refresh"))

    async def put(
        self, tx: Transaction, business_id: str, provider: str, facts: AccountFacts, tokens: TokenSet, by: str
    ) -> None:
        """A connect or reconnect, told as Connected."""
        version = await tx.value(
            "credential_put",
            **self._columns(business_id, provider, tokens),
            account=facts.account,
            account_id=facts.account_id,
            account_name=facts.name,
            scopes=tokens.scopes,
            connected_by=by,
        )
        await tx.run("spares_drop", business_id=business_id, provider=provider)
        connected = auth_pb2.Connected(
            account_id=facts.account_id,
            account_name=facts.name,
            shop_domain=facts.account if provider == SHOPIFY else "",
            connected_by=by,
            scopes=tokens.scopes,
            refresh_expires_at=timestamp(_end_of(tokens.refresh_expires_at, tokens.hard_expires_at)),
            store_zone=facts.zone,
            currency=facts.currency,
            country=facts.country,
            hard_expires_at=timestamp(tokens.hard_expires_at),
        )
        await self._tell(tx, business_id, provider, version, auth_pb2.CredentialEvent(connected=connected))

    async def store_refreshed(self, tx: Transaction, held: Credential, fence: int, tokens: TokenSet) -> bool:
        """False where the lease went to another holder meanwhile; nothing is stored then."""
        columns = self._columns(held.business_id, held.provider, tokens)
        version = await tx.value("refresh_store", **columns, fence=fence)
        if version is None:
            return False
        hard = tokens.hard_expires_at or held.hard_expires_at
        refreshed = auth_pb2.Refreshed(
            refresh_expires_at=timestamp(_end_of(tokens.refresh_expires_at, hard)), hard_expires_at=timestamp(hard)
        )
        await self._tell(tx, held.business_id, held.provider, version, auth_pb2.CredentialEvent(refreshed=refreshed))
        return True

    async def park(self, tx: Transaction, held: Credential, refresh_token: str) -> None:
        """Keep a refresh token that was replaced, or whose fence was lost, for bad times."""
        sealed = self._ring.seal(refresh_token, Place(held.business_id, held.provider, "refresh"))
        await tx.run("spare_add", business_id=held.business_id, provider=held.provider, sealed=sealed)

    async def spares(self, tx: Transaction, held: Credential, life: float) -> list[str]:
        """Newest first."""
        rows = await tx.all("spares", _Sealed, business_id=held.business_id, provider=held.provider, life=life)
        return [self.refresh_token(held.business_id, held.provider, row.sealed) for row in rows]

    async def refuse(self, tx: Transaction, held: Credential, reason: str, explanation: str) -> bool:
        """The provider will not have us; told as Refused. False where this version is gone already."""
        version = await tx.value(
            "credential_refuse",
            business_id=held.business_id,
            provider=held.provider,
            version=held.version,
            reason=reason,
            explanation=explanation,
        )
        if version is None:
            return False
        refused = auth_pb2.Refused(reason=reason, explanation=explanation)
        await self._tell(tx, held.business_id, held.provider, version, auth_pb2.CredentialEvent(refused=refused))
        return True

    async def revoke(
        self,
        tx: Transaction,
        business_id: str,
        provider: str,
        by: str,
        asked_at: datetime,
        reason: str = "",
        explanation: str = "",
    ) -> bool:
        """Erase the tokens, told as Revoked; what is to be revoked at Intuit waits, sealed, in a row of its own.

        False, and nothing changes, where the connection is younger than `asked_at` or gone already.
        """
        gone = await tx.one(
            "credential_revoke", _Revoked, business_id=business_id, provider=provider, asked_at=asked_at
        )
        if gone is None:
            return False
        await tx.run("spares_drop", business_id=business_id, provider=provider)
        revoked = auth_pb2.Revoked(by=by, reason=reason, explanation=explanation)
        await self._tell(tx, business_id, provider, gone.version, auth_pb2.CredentialEvent(revoked=revoked))
        if provider == QUICKBOOKS and gone.refresh_sealed is not None:
            token = self.refresh_token(business_id, provider, gone.refresh_sealed)
            sealed = self._ring.seal(token, Place(business_id, provider, "revocation"))
            await tx.run(
                "revocation_add", business_id=business_id, provider=provider, account=gone.account, sealed=sealed
            )
        return True

    def revocation_token(self, business_id: str, provider: str, sealed: bytes) -> str:
        return self._ring.open(sealed, Place(business_id, provider, "revocation"))

    def _columns(self, business_id: str, provider: str, tokens: TokenSet) -> dict[str, object]:
        place = Place(business_id, provider, "refresh")
        return {
            "business_id": business_id,
            "provider": provider,
            "access_sealed": self._ring.seal(tokens.access, Place(business_id, provider, "access")),
            "refresh_sealed": self._ring.seal(tokens.refresh, place) if tokens.refresh else None,
            "issued_at": tokens.received_at,
            "expires_at": tokens.expires_at,
            "refresh_expires_at": tokens.refresh_expires_at,
            "hard_expires_at": tokens.hard_expires_at,
        }

    async def _tell(
        self, tx: Transaction, business_id: str, provider: str, version: int, event: auth_pb2.CredentialEvent
    ) -> None:
        event.event_id = f"credential-{business_id}-{provider}-{version}"
        event.business_id, event.provider, event.version = business_id, _NUMBERS[provider], version
        event.at.FromDatetime(datetime.now(UTC))
        subject = f"auth.v1.{business_id}.{provider}"
        await OutgoingEvent(event.event_id, subject, event.SerializeToString()).put(tx)


def _end_of(rolling: datetime | None, hard: datetime | None) -> datetime | None:
    """When a person must consent again: the rolling or the hard end, whichever comes first."""
    ends = [end for end in (rolling, hard) if end is not None]
    return min(ends) if ends else None
