"""The two providers behind one face, for what is done to a stored credential whichever it is."""

from __future__ import annotations

from auth.intuit import Intuit
from auth.provider_answers import QUICKBOOKS, AccountFacts, TokenSet
from auth.shopify import Shopify
from auth.vault import Credential
from ledgerport_libs import metrics


class Accounts:
    """Raises ProviderError, as the adapters do."""

    def __init__(self, intuit: Intuit, shopify: Shopify) -> None:
        self._intuit, self._shopify = intuit, shopify

    async def refresh(self, held: Credential, refresh_token: str) -> TokenSet:
        if held.provider == QUICKBOOKS:
            return await self._intuit.refresh(refresh_token)
        return await self._shopify.refresh(held.account, refresh_token)

    async def read(self, held: Credential, access_token: str) -> AccountFacts:
        """One cheap read, which works only while we have access. QuickBooks meters it, so it is counted."""
        metrics.PROVIDER_READS.labels(held.provider).inc()
        if held.provider == QUICKBOOKS:
            return await self._intuit.company(held.account, access_token)
        return await self._shopify.shop(held.account, access_token)
