"""Connecting a Business to its Shopify store: checks in order, the exchange, and which store it really is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from auth.people import People
from auth.provider_answers import SHOPIFY, AccessRefused, AccountFacts, ProviderError, TokenSet
from auth.shop_callback import is_fresh, is_shop_domain, is_signed, missing_scopes, parameters_of, shop_domain
from auth.shopify import Shopify
from auth.states import States
from auth.vault import Vault
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import PassingTrouble, Refused
from ledgerport_libs.identity import Person

log = telemetry.logger("shopify_connecting")


@dataclass(frozen=True, slots=True)
class ConnectedShop:
    business_id: str
    domain: str
    name: str


class ShopifyConnecting:
    """The two halves of Connect Shopify."""

    def __init__(
        self,
        db: Database,
        states: States,
        people: People,
        vault: Vault,
        shopify: Shopify,
        freshness: float,
        on_commit: Callable[[], None],
    ) -> None:
        self._db, self._states, self._people, self._vault = db, states, people, vault
        self._shopify, self._freshness, self._on_commit = shopify, freshness, on_commit

    async def start(self, person: Person, session_id: str, typed: str) -> str:
        """Where to send the browser."""
        await self._people.require_admin(person.business_id, person.user_id)
        shop = shop_domain(typed)
        async with self._db.transaction() as tx:
            await self._check_free(tx, person.business_id, shop)
        state = await self._states.start(person, session_id, SHOPIFY, shop)
        return self._shopify.authorize_url(shop, state)

    async def finish(self, person: Person, session_id: str, query_string: str) -> ConnectedShop:
        """Connected, or an AppError whose reason says which check failed; nothing has changed then."""
        parameters = parameters_of(query_string) or {}
        started = await self._states.use(person, session_id, SHOPIFY, parameters.get("state", ""))
        await self._people.require_admin(started.business_id, person.user_id)
        self._check(parameters, started.shop)
        if not parameters.get("code"):
            raise Refused(
                "no code",
                reason="ACCESS_DENIED",
                say="Access was not given at Shopify, so nothing was connected. Connect again when you are ready.",
            )
        tokens = await self._exchange(started.shop, parameters["code"])
        self._check_scopes(tokens)
        facts = await self._read(started.shop, tokens)
        try:
            async with self._db.transaction() as tx:
                await self._check_free(tx, started.business_id, started.shop)
                await self._vault.put(tx, started.business_id, SHOPIFY, facts, tokens, person.email)
        except psycopg.errors.UniqueViolation:
            raise _connected_elsewhere(started.shop) from None
        self._on_commit()
        log.info("shopify_connected", business=started.business_id, shop=started.shop)
        return ConnectedShop(started.business_id, facts.account, facts.name)

    def _check(self, parameters: dict[str, str], asked_shop: str) -> None:
        if not is_signed(parameters, self._shopify.app.client_secret):
            raise Refused(
                "bad hmac",
                reason="BAD_SIGNATURE",
                say="This answer was not signed by Shopify. Nothing was connected. Please connect again.",
            )
        shop = parameters.get("shop", "")
        if not is_shop_domain(shop) or shop != asked_shop:
            raise Refused(
                "another shop",
                reason="WRONG_SHOP",
                say=f"The answer came from another store than {asked_shop}. Nothing was connected. "
                "Please connect again and choose that store.",
            )
        if not is_fresh(parameters, time.time(), self._freshness):
            raise Refused(
                "stale",
                reason="STALE_CALLBACK",
                say="This answer from Shopify is too old. Nothing was connected. Please connect again.",
            )

    async def _check_free(self, tx: Transaction, business_id: str, shop: str) -> None:
        holder = await tx.value("shop_holder", account=shop)
        if holder not in (None, business_id):
            raise _connected_elsewhere(shop)
        held = await self._vault.read(tx, business_id, SHOPIFY)
        if held is not None and held.state != "revoked" and held.account != shop:
            raise Refused(
                f"{held.account} is connected",
                reason="SHOP_ALREADY_CONNECTED",
                say=f"{held.account} is connected to this business. Disconnect it before you connect {shop}.",
            )

    async def _exchange(self, shop: str, code: str) -> TokenSet:
        try:
            return await self._shopify.exchange(shop, code)
        except ProviderError as cause:
            raise Refused(
                str(cause),
                reason="EXCHANGE_FAILED",
                say="Shopify did not accept this sign-in. Nothing was connected. Please connect again.",
            ) from None

    def _check_scopes(self, tokens: TokenSet) -> None:
        missing = missing_scopes(self._shopify.app.scopes, tokens.scopes)
        if missing:
            raise Refused(
                f"missing {missing}",
                reason="SCOPES_MISSING",
                say=f"The store did not grant all that is needed; missing: {', '.join(missing)}. Please connect again.",
            )

    async def _read(self, shop: str, tokens: TokenSet) -> AccountFacts:
        try:
            facts = await self._shopify.shop(shop, tokens.access)
        except AccessRefused as cause:
            raise Refused(
                str(cause), reason="EXCHANGE_FAILED", say="The store did not let us in. Please connect again."
            ) from None
        except ProviderError as cause:
            raise PassingTrouble(
                str(cause), say="Shopify did not answer. Nothing was connected. Please connect again in a minute."
            ) from None
        if facts.account != shop:
            raise Refused(f"token of {facts.account}", reason="WRONG_SHOP", say="The answer came from another store.")
        return facts


def _connected_elsewhere(shop: str) -> Refused:
    return Refused(
        f"{shop} is connected to another business",
        reason="SHOP_CONNECTED_ELSEWHERE",
        say=f"{shop} is connected to another business in LedgerPort. Disconnect it there first.",
    )
