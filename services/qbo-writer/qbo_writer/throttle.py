"""Intuit's limits for one company, kept on our side: requests a second, a minute, and in flight."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one company may be asked: requests, and seconds to wait after a refusal that names no time of its own."""

    per_minute: int
    per_second: int
    in_flight: int
    wait: float


class Throttle:
    """Lets a request start when no limit is touched by it. After a 429 nothing starts until the wait is over."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._windows = ((60.0, limits.per_minute, deque[float]()), (1.0, limits.per_second, deque[float]()))
        self._slots = asyncio.Semaphore(limits.in_flight)
        self._turn = asyncio.Lock()
        self._closed_until = 0.0

    def refused(self, seconds: float | None) -> None:
        """QuickBooks said that a limit was reached, and perhaps for how long."""
        until = asyncio.get_running_loop().time() + (seconds or self._limits.wait)
        self._closed_until = max(self._closed_until, until)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Inside, one request may be under way."""
        async with self._slots:
            async with self._turn:
                await self._until_free()
            yield

    async def _until_free(self) -> None:
        clock = asyncio.get_running_loop().time
        pause = self._pause(clock())
        while pause > 0:
            await asyncio.sleep(pause)
            pause = self._pause(clock())
        for _, _, started in self._windows:
            started.append(clock())

    def _pause(self, now: float) -> float:
        """Seconds until every window has room; 0 when one may start."""
        pause = self._closed_until - now
        for length, most, started in self._windows:
            while started and started[0] <= now - length:
                started.popleft()
            if len(started) >= most:
                pause = max(pause, started[0] + length - now)
        return pause
