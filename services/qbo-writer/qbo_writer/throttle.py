"""Intuit's limits for one company, kept on our side: requests a second, a minute, and in flight."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one company may be asked: requests, and seconds to wait after a refusal that names no time of its own."""

    per_minute: int
    per_second: int
    in_flight: int
    wait: float


class Throttle:
    """Lets a request start when no limit is touched by it. After a refusal nothing starts until the wait is over.

    Starts are spread evenly over each second: a burst at the end of one second and another at the beginning of the
    next would be one burst to the other side.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._this_minute: deque[float] = deque()
        self._slots = asyncio.Semaphore(limits.in_flight)
        self._turn = asyncio.Lock()
        self._next_start = 0.0

    def refused(self, seconds: float | None) -> None:
        """QuickBooks said that a limit was reached, and perhaps for how long."""
        until = asyncio.get_running_loop().time() + (seconds or self._limits.wait)
        self._next_start = max(self._next_start, until)

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
        now = clock()
        self._this_minute.append(now)
        self._next_start = now + 1 / self._limits.per_second

    def _pause(self, now: float) -> float:
        """Seconds until one may start; 0 or less: now."""
        while self._this_minute and self._this_minute[0] <= now - _MINUTE:
            self._this_minute.popleft()
        pause = self._next_start - now
        if len(self._this_minute) >= self._limits.per_minute:
            pause = max(pause, self._this_minute[0] + _MINUTE - now)
        return pause
