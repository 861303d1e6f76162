"""Ending access: erased here first, in one commit; then revoked at Intuit, again and again until it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from auth.intuit import Intuit
from auth.provider_answers import ProviderError
from auth.sealing import BrokenSeal
from auth.vault import Vault
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.errors import PassingTrouble

log = telemetry.logger("revoking")


@dataclass(frozen=True, slots=True)
class _Revocation:
    id: int
    business_id: str
    provider: str
    account: str
    sealed: bytes = field(repr=False)
    tries: int


class Revoking:
    """`call_seconds` bounds one call to the provider."""

    def __init__(
        self, db: Database, vault: Vault, intuit: Intuit, call_seconds: float, on_commit: Callable[[], None]
    ) -> None:
        self._db, self._vault, self._intuit = db, vault, intuit
        self._busy, self._on_commit = 2 * call_seconds + 5, on_commit

    async def revoke(self, business_id: str, provider: str, by: str, asked_at: datetime) -> None:
        """Returns when the provider knows too. PassingTrouble: erased here, and the provider is told later.

        A connection made after `asked_at` is left alone. Shopify offers no revoking: erasing is all there is.
        """
        async with self._db.transaction() as tx:
            erased = await self._vault.revoke(tx, business_id, provider, by, asked_at)
        if erased:
            self._on_commit()
            log.info("tokens_erased", business=business_id, provider=provider)
        while await self._one(business_id):
            pass
        if await self._db.value("revocations_waiting", business_id=business_id, provider=provider):
            raise PassingTrouble("not revoked yet", reason="REVOKE_LATER")

    async def clear(self, provider: str, account: str) -> None:
        """Before a new consent is used: drop what waits to be revoked for this account, as it would end the new one.

        A call that is under way is waited for; it is over within its time-out. PassingTrouble if it is not.
        """
        for _ in range(int(self._busy * 10)):
            await self._db.run("revocations_drop", provider=provider, account=account)
            if not await self._db.value("revocations_busy", provider=provider, account=account):
                return
            await asyncio.sleep(0.1)
        raise PassingTrouble("a revocation is under way")

    async def work_off(self) -> None:
        """Try each revocation that is due, once."""
        while await self._one(""):
            pass

    async def _one(self, business_id: str) -> bool:
        """Whether one was done. A failed one waits longer each time."""
        waiting = await self._db.one("revocation_take", _Revocation, business_id=business_id, lease=self._busy)
        if waiting is None:
            return False
        try:
            token = self._vault.revocation_token(waiting.business_id, waiting.provider, waiting.sealed)
            await self._intuit.revoke(token)
        except ProviderError as trouble:
            await self._db.run("revocation_later", id=waiting.id)
            log.warning("revoking_goes_on_later", business=waiting.business_id, error=str(trouble), tries=waiting.tries)
            return False
        except BrokenSeal:
            log.error("revocation_cannot_be_opened", business=waiting.business_id)
        await self._db.run("revocation_done", id=waiting.id)
        return True
