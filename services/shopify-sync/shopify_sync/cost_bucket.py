"""Shopify's cost bucket of one store, as its answers tell it: who may ask now, and how long the others wait.

What happens now goes before history. History leaves a part of the bucket untouched, so that a new order never finds it
empty, and takes no more than its share of what comes back while somebody else waits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

from ledgerport_libs.resting import rest

# The smallest bucket that Shopify has ever given: believed until the first answer.
_SMALLEST, _SLOWEST = 1000.0, 50.0
_UNKNOWN_COST = 100.0
_LEAST_PAUSE = 0.01


class Lane(Enum):
    LIVE = "live"
    HISTORY = "history"


class CostBucket:
    """Points are believed as the last answer said, grown since, less what was asked for and is not answered yet."""

    def __init__(self, history_share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share, self._clock = history_share, clock
        self._size, self._rate, self._points = _SMALLEST, _SLOWEST, _SMALLEST
        self._at, self._not_before = clock(), 0.0
        self._asked = 0.0
        self._live_waiting, self._credit = 0, 0.0
        self._turns = {lane: asyncio.Lock() for lane in Lane}
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def taken(self, lane: Lane, cost: float) -> AsyncIterator[None]:
        """In turn within a lane; `cost` points are spoken for while inside."""
        cost = await self._take(lane, cost)
        try:
            yield
        finally:
            self._asked -= cost
            self._changed.set()

    @property
    def fill(self) -> float:
        """What the last answer left in it, as a share of its size."""
        return self._points / self._size

    def learned(self, status: Mapping[str, Any]) -> None:
        """From `extensions.cost.throttleStatus`. What it does not say stays as it was."""
        self._grow()
        self._size = _number(status.get("maximumAvailable"), self._size)
        self._rate = max(_number(status.get("restoreRate"), self._rate), 1.0)
        self._points = min(_number(status.get("currentlyAvailable"), self._points), self._size)
        self._changed.set()

    def hold(self, seconds: float) -> None:
        """Nobody asks for so long: Shopify said so in words other than points."""
        self._not_before = max(self._not_before, self._clock() + seconds)

    async def _take(self, lane: Lane, cost: float) -> float:
        live = lane is Lane.LIVE
        if live:
            self._grow()
            self._live_waiting += 1
        try:
            async with self._turns[lane]:
                while (pause := self.pause(lane, cost)) > 0:
                    self._changed.clear()
                    await rest(self._changed, max(pause, _LEAST_PAUSE))
                taken = min(cost, self._size)
                self._asked += taken
                if not live and self._live_waiting:
                    self._credit -= taken
                return taken
        finally:
            if live:
                self._grow()
                self._live_waiting -= 1
                self._credit = self._credit if self._live_waiting else 0.0

    def pause(self, lane: Lane, cost: float) -> float:
        """Seconds until a query of that cost may go, by what is known now; 0: it may go."""
        self._grow()
        cost = min(cost, self._size)
        free = self._points - self._asked
        held = max(self._not_before - self._clock(), 0.0)
        if lane is Lane.LIVE:
            return max(held, (cost - free) / self._rate, 0.0)
        if self._live_waiting:
            return max(held, (cost - free) / self._rate, (cost - self._credit) / (self._rate * self._share), 0.0)
        needed = min(cost + (1 - self._share) * self._size, self._size)
        return max(held, (needed - free) / self._rate, 0.0)

    def _grow(self) -> None:
        now = self._clock()
        passed, self._at = now - self._at, now
        self._points = min(self._points + passed * self._rate, self._size)
        if self._live_waiting:
            self._credit = min(self._credit + passed * self._rate * self._share, self._size)


class QueryCosts:
    """What each query asked for when it was last answered; more for more objects where that was so before."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, float]] = {}

    def of(self, text: str, variables: Mapping[str, Any]) -> float:
        known, objects = self._known.get(text), _objects(variables)
        if not known:
            return _UNKNOWN_COST
        if objects in known:
            return known[objects]
        nearest = min(known, key=lambda each: abs(each - objects))
        return max(known[nearest], known[nearest] * objects / max(nearest, 1))

    def learned(self, text: str, variables: Mapping[str, Any], requested: object) -> None:
        if isinstance(requested, int | float):
            self._known.setdefault(text, {})[_objects(variables)] = float(requested)


def _objects(variables: Mapping[str, Any]) -> int:
    ids = variables.get("ids")
    return len(ids) if isinstance(ids, list) else 1


def _number(found: object, otherwise: float) -> float:
    return float(found) if isinstance(found, int | float) else otherwise
