"""Shopify's Admin GraphQL API over HTTP: the only file that knows its address, its cost bucket and its errors."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import orjson

from ledgerport_libs import telemetry
from ledgerport_libs.access_tokens import AccessToken, AccessTokens

log = telemetry.logger("shopify_admin")
_LONGEST_PAUSE = 60.0
_MOST_TRIES = 6


class ShopifyTrouble(Exception):
    """Shopify gave no usable answer. It may later: the hints stay."""


class TooDear(ShopifyTrouble):
    """The query asks for more points than one query may (MAX_COST_EXCEEDED): ask for fewer objects."""


class Unauthorized(ShopifyTrouble):
    """The access token is not taken (401)."""


class ShopifyAdmin:
    """One HTTP session for all stores. Waits for the store's cost bucket by itself."""

    def __init__(self, session: aiohttp.ClientSession, admin_url: str, api_version: str, tokens: AccessTokens) -> None:
        self._session, self._url, self._version, self._tokens = session, admin_url, api_version, tokens
        self._queues: dict[str, asyncio.Lock] = {}

    async def ask(self, business_id: str, text: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The `data` of a query that was answered without any error. ShopifyTrouble for everything else."""
        queue = self._queues.setdefault(business_id, asyncio.Lock())
        # Nobody goes before those whom the bucket already told to wait: each of them would go on being throttled.
        async with queue:
            pass
        data, pause = await self._signed(business_id, text, variables)
        if data is not None:
            return data
        async with queue:
            for _ in range(_MOST_TRIES):
                await asyncio.sleep(pause)
                data, pause = await self._signed(business_id, text, variables)
                if data is not None:
                    return data
        raise ShopifyTrouble("throttled again and again")

    async def _signed(
        self, business_id: str, text: str, variables: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, float]:
        token = await self._tokens.access(business_id)
        try:
            return await self._once(token, text, variables)
        except Unauthorized:
            token = await self._tokens.access(business_id, token)
            return await self._once(token, text, variables)

    async def _once(
        self, token: AccessToken, text: str, variables: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, float]:
        """The data, or None and how long to wait before the same question may be asked."""
        url = f"{self._url.replace('{shop}', token.account)}/admin/api/{self._version}/graphql.json"
        headers = {"X-Shopify-Access-Token": token.token, "Content-Type": "application/json"}
        body = orjson.dumps({"query": text, "variables": variables})
        try:
            with telemetry.tracer().start_as_current_span("shopify graphql"):
                async with self._session.post(url, data=body, headers=headers) as response:
                    status, answer = response.status, await response.read()
                    retry_after = response.headers.get("Retry-After", "")
                    served = response.headers.get("X-Shopify-API-Version", self._version)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ShopifyTrouble(f"not reached: {type(error).__name__}") from error
        if status == 401:
            raise Unauthorized("the access token is not taken")
        if status == 429:
            return None, min(float(retry_after) if retry_after.isdigit() else 2.0, _LONGEST_PAUSE)
        if status != 200:
            raise ShopifyTrouble(f"HTTP {status}")
        if served != self._version:
            log.warning("shopify_serves_another_version", asked=self._version, served=served)
        return _read(answer)


def _read(answer: bytes) -> tuple[dict[str, Any] | None, float]:
    """A 200 may hold errors beside partial data: partial data is never booked."""
    try:
        parsed = orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise ShopifyTrouble("the answer is no JSON") from error
    if not isinstance(parsed, dict):
        raise ShopifyTrouble("the answer is no object")
    errors, extensions = parsed.get("errors"), parsed.get("extensions") or {}
    if errors:
        codes = _codes(errors)
        if "THROTTLED" in codes:
            return None, _pause(extensions.get("cost") or {})
        if "MAX_COST_EXCEEDED" in codes:
            raise TooDear("over the cost of one query")
        raise ShopifyTrouble(f"refused: {', '.join(sorted(codes)) or 'no code'}")
    if any(search.get("warnings") for search in extensions.get("search") or []):
        raise ShopifyTrouble("a search filter was not understood")
    if not isinstance(parsed.get("data"), dict):
        raise ShopifyTrouble("the answer holds no data")
    return parsed["data"], 0.0


def _codes(errors: object) -> set[str]:
    if not isinstance(errors, list):
        return {str(errors)[:100]}
    return {str((e.get("extensions") or {}).get("code", "")) for e in errors if isinstance(e, dict)}


def _pause(cost: dict[str, Any]) -> float:
    """Seconds until the bucket holds what the query asks for."""
    status = cost.get("throttleStatus") or {}
    missing = float(cost.get("requestedQueryCost") or 100) - float(status.get("currentlyAvailable") or 0)
    return min(max(missing / float(status.get("restoreRate") or 50), 0.2), _LONGEST_PAUSE)
