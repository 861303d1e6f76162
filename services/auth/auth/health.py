"""Whether our access still works: asked of the provider, or reported by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auth.accounts import Accounts
from auth.issuing import Issuing, NotConnected, ReconnectNeeded, access_revoked_words
from auth.provider_answers import SHOPIFY, AccessRefused, AccountSuspended, ProviderError
from auth.settings import Settings
from auth.vault import NAMES, Vault
from ledgerport.auth.v1 import credentials_pb2 as pb
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.errors import PassingTrouble

log = telemetry.logger("health")

UNINSTALLED = "The store removed our app, so its orders no longer reach us. Please connect the store again."


@dataclass(frozen=True, slots=True)
class Probe:
    outcome: pb.ProbeOutcome.ValueType
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class _Idle:
    business_id: str
    provider: str


class Health:
    """Probes, reports, and the refreshes that keep idle credentials alive."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        accounts: Accounts,
        issuing: Issuing,
        settings: Settings,
        on_commit: Callable[[], None],
    ) -> None:
        self._db, self._vault, self._accounts, self._issuing = db, vault, accounts, issuing
        self._settings, self._on_commit = settings, on_commit

    async def probe(self, business_id: str, provider: str) -> Probe:
        """One cheap read with a living token; a refusal is asked twice, with a new token the second time."""
        name = NAMES[provider]
        try:
            issued = await self._issuing.issue(business_id, provider)
            try:
                await self._read(business_id, provider, issued.access_token)
            except AccessRefused:
                again = await self._issuing.issue(business_id, provider, refused_version=issued.version)
                await self._read(business_id, provider, again.access_token)
        except NotConnected as missing:
            return Probe(pb.PROBE_OUTCOME_NOT_CONNECTED, missing.say)
        except ReconnectNeeded as refused:
            return Probe(pb.PROBE_OUTCOME_REFUSED, refused.say)
        except AccessRefused:
            return await self._refused_twice(business_id, provider)
        except AccountSuspended:
            return Probe(
                pb.PROBE_OUTCOME_SUSPENDED,
                f"{name} says that this account's subscription has ended. Renew it there; syncing goes on by itself.",
            )
        except (ProviderError, PassingTrouble):
            return Probe(pb.PROBE_OUTCOME_UNREACHABLE, f"{name} does not answer. It is tried again by itself.")
        return Probe(pb.PROBE_OUTCOME_GOOD)

    async def _read(self, business_id: str, provider: str, access_token: str) -> None:
        held = await self._issuing.living(business_id, provider)
        await self._accounts.read(held, access_token)

    async def _refused_twice(self, business_id: str, provider: str) -> Probe:
        """A brand new token was refused: our access was ended."""
        words = access_revoked_words(provider)
        held = await self._issuing.living(business_id, provider)
        async with self._db.transaction() as tx:
            await self._vault.refuse(tx, held, "ACCESS_REVOKED", words)
        self._on_commit()
        return Probe(pb.PROBE_OUTCOME_REFUSED, words)

    async def uninstalled(self, business_id: str, triggered_at: datetime) -> None:
        """The store removed our app: its tokens are dead and are erased here.

        A report from before the last connect changes nothing: it is about an installation that is over.
        """
        async with self._db.transaction() as tx:
            gone = await self._vault.revoke(
                tx, business_id, SHOPIFY, "the store", triggered_at, "STORE_UNINSTALLED", UNINSTALLED
            )
        if gone:
            self._on_commit()
            log.info("store_uninstalled", business=business_id)

    async def keep_alive(self) -> None:
        """Refresh what nobody used for weeks, so that no refresh token dies of idleness."""
        for idle in await self._db.all("idle_credentials", _Idle, days=self._settings.refresh_at_least_days):
            try:
                await self._issuing.refresh(await self._issuing.living(idle.business_id, idle.provider))
            except (PassingTrouble, ReconnectNeeded, NotConnected) as trouble:
                log.info("idle_refresh", business=idle.business_id, provider=idle.provider, outcome=trouble.reason)

    async def prune(self) -> None:
        await self._db.run("spares_prune", life=self._settings.spare_refresh_seconds)
