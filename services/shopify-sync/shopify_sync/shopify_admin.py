"""Shopify's Admin GraphQL API over HTTP: the only file that knows its address and its errors."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
from opentelemetry.trace import SpanKind

from ledgerport_libs import metrics, telemetry
from ledgerport_libs.access_tokens import AccessToken, AccessTokens
from shopify_sync.cost_bucket import CostBucket, Lane, QueryCosts
from shopify_sync.settings import Settings
from shopify_sync.store_watch import REFUSALS, Answered, Refusal, StoreWatch

log = telemetry.logger("shopify_admin")
_LONGEST_PAUSE, _AFTER_THROTTLE = 60.0, 0.2
_MOST_TRIES = 7


class ShopifyTrouble(Exception):
    """Shopify gave no usable answer. It may later: the hints stay."""


class TooDear(ShopifyTrouble):
    """The query asks for more points than one query may (MAX_COST_EXCEEDED): ask for fewer objects."""


class Denied(ShopifyTrouble):
    """The app may not ask this (ACCESS_DENIED)."""


class StoreRefuses(ShopifyTrouble):
    """The store answers nothing at all for now: it is left alone for a while."""


class Unauthorized(ShopifyTrouble):
    """The access token is not taken (401)."""


class _Throttled(Exception):
    """The bucket did not hold what the query asks for; what it holds is learned by now."""


class ShopifyAdmin:
    """One HTTP session for all stores. Waits for the store's cost bucket before it asks, in its lane."""

    def __init__(
        self, session: aiohttp.ClientSession, tokens: AccessTokens, watch: StoreWatch, settings: Settings
    ) -> None:
        self._session, self._tokens, self._watch, self._settings = session, tokens, watch, settings
        self._lane = Lane.LIVE
        self._buckets: dict[str, CostBucket] = {}
        self._costs = QueryCosts()

    def in_lane(self, lane: Lane) -> ShopifyAdmin:
        """The same stores and buckets, asked in another lane."""
        twin = copy.copy(self)
        twin._lane = lane
        return twin

    def rests(self, business_id: str) -> bool:
        """Its store refuses everything, and is left alone for now."""
        return self._watch.rests(business_id) is not None

    async def ask(self, business_id: str, text: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The `data` of a query that was answered without any error. ShopifyTrouble for everything else."""
        if refusal := self._watch.rests(business_id):
            raise StoreRefuses(f"the store is left alone: {refusal}")
        bucket = self._buckets.setdefault(business_id, CostBucket(self._settings.import_share))
        for _ in range(_MOST_TRIES):
            try:
                async with bucket.taken(self._lane, self._costs.of(text, variables)):
                    return await self._signed(business_id, bucket, text, variables)
            except _Throttled:
                bucket.hold(_AFTER_THROTTLE)
                log.info("throttled", business=business_id, lane=self._lane.value)
        raise ShopifyTrouble("throttled again and again")

    async def _signed(
        self, business_id: str, bucket: CostBucket, text: str, variables: dict[str, Any]
    ) -> dict[str, Any]:
        token = await self._tokens.access(business_id)
        try:
            return await self._once(business_id, bucket, token, text, variables)
        except Unauthorized:
            token = await self._tokens.access(business_id, token)
            return await self._once(business_id, bucket, token, text, variables)

    async def _once(
        self, business_id: str, bucket: CostBucket, token: AccessToken, text: str, variables: dict[str, Any]
    ) -> dict[str, Any]:
        """The data; _Throttled where the same question may be asked again in a while."""
        version = self._settings.shopify_api_version
        url = f"{self._settings.shopify_admin_url.replace('{shop}', token.account)}/admin/api/{version}/graphql.json"
        headers = {"X-Shopify-Access-Token": token.token, "Content-Type": "application/json"}
        body = orjson.dumps({"query": text, "variables": variables})
        status, started = 0, time.perf_counter()
        try:
            with telemetry.tracer().start_as_current_span("shopify graphql", kind=SpanKind.CLIENT):
                async with self._session.post(url, data=body, headers=headers) as response:
                    status, answer, told = response.status, await response.read(), response.headers
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ShopifyTrouble(f"not reached: {type(error).__name__}") from error
        finally:
            outcome = metrics.http_outcome(status)
            metrics.SHOPIFY_SECONDS.labels(self._lane.value, outcome).observe(time.perf_counter() - started)
        if status == 401:
            raise Unauthorized("the access token is not taken")
        if status == 429:
            bucket.hold(_seconds(told.get("Retry-After", "")))
            raise _Throttled
        noted = Answered(told.get("X-Shopify-API-Version", version), told.get("X-Shopify-API-Deprecated-Reason", ""))
        if refusal := REFUSALS.get(status):
            await self._watch.refused(business_id, noted, refusal)
            raise StoreRefuses(f"HTTP {status}: {refusal}")
        if status != 200:
            raise ShopifyTrouble(f"HTTP {status}")
        parsed = _parsed(answer)
        if "SHOP_INACTIVE" in _codes(parsed.get("errors")):
            await self._watch.refused(business_id, noted, Refusal.FROZEN)
            raise StoreRefuses("the store is inactive")
        await self._watch.answered(business_id, noted)
        self._learn(bucket, text, variables, parsed)
        return _data(parsed)

    def _learn(self, bucket: CostBucket, text: str, variables: dict[str, Any], parsed: Mapping[str, Any]) -> None:
        cost = (parsed.get("extensions") or {}).get("cost") or {}
        self._costs.learned(text, variables, cost.get("requestedQueryCost"))
        bucket.learned(cost.get("throttleStatus") or {})
        metrics.SHOPIFY_BUCKET.observe(bucket.fill)


def _parsed(answer: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise ShopifyTrouble("the answer is no JSON") from error
    if not isinstance(parsed, dict):
        raise ShopifyTrouble("the answer is no object")
    return parsed


def _data(parsed: Mapping[str, Any]) -> dict[str, Any]:
    """A 200 may hold errors beside partial data: partial data is never booked."""
    if errors := parsed.get("errors"):
        codes = _codes(errors)
        if "THROTTLED" in codes:
            raise _Throttled
        if "MAX_COST_EXCEEDED" in codes:
            raise TooDear("over the cost of one query")
        if "ACCESS_DENIED" in codes:
            raise Denied("the app may not ask this")
        raise ShopifyTrouble(f"refused: {', '.join(sorted(codes)) or 'no code'}")
    if any(search.get("warnings") for search in (parsed.get("extensions") or {}).get("search") or []):
        raise ShopifyTrouble("a search filter was not understood")
    data = parsed.get("data")
    if not isinstance(data, dict):
        raise ShopifyTrouble("the answer holds no data")
    return data


def _codes(errors: object) -> set[str]:
    if not errors:
        return set()
    if not isinstance(errors, list):
        return {str(errors)[:100]}
    return {str((e.get("extensions") or {}).get("code", "")) for e in errors if isinstance(e, dict)}


def _seconds(retry_after: str) -> float:
    try:
        return min(max(float(retry_after), 0.2), _LONGEST_PAUSE)
    except ValueError:
        return 2.0
