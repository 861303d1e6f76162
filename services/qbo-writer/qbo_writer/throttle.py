"""Intuit's limits for one company, kept on our side: requests a second, a minute and in flight, batches a minute."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from ledgerport_libs.resting import rest

_MINUTE = 60.0
# What a company may be asked in a minute, by name.
LIMITS = ("requests", "batches")
# The other side counts when a request arrives, which is a little later for one than for another.
_JITTER = 0.25
# Less than this is no pause (seconds).
_TICK = 1e-6
# How many starts that were missed may be made up for at once: a loop is now and then late.
_REQUESTS_MADE_UP, _BATCHES_MADE_UP = 2, 4
# After a refusal the pace is a quarter at first, and whole again after this many seconds.
_GENTLE_SECONDS = 20.0
_GENTLEST = 0.25
# Of ten requests in flight at most six are singles: a batch, which carries thirty documents, never waits for them.
_SHARE_OF_SINGLES = 0.6
MayStart = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one company may be asked: requests, and seconds to wait after a refusal that names no time of its own."""

    per_minute: int
    per_second: int
    in_flight: int
    batches_per_minute: int
    wait: float


@dataclass(frozen=True, slots=True)
class Spent:
    """A request that was started `age` seconds ago."""

    age: float
    batch: bool


class _Pace:
    """Starts spread evenly, with at most `limit` in any minute."""

    def __init__(self, limit: int, spacing: float, made_up: int) -> None:
        self._limit, self._spacing, self._made_up = limit, spacing, made_up
        self.starts: deque[float] = deque()
        self._next = 0.0

    def pause(self, now: float) -> float:
        """Seconds until one may start; 0 or less: now."""
        while self.starts and self.starts[0] <= now - _MINUTE - _JITTER:
            self.starts.popleft()
        pause = self._next - now
        if len(self.starts) >= self._limit:
            pause = max(pause, self.starts[-self._limit] + _MINUTE + _JITTER - now)
        return pause

    def start(self, now: float, factor: float) -> None:
        self.starts.append(now)
        spacing = self._spacing / factor
        self._next = max(self._next, now - (self._made_up - 1) * spacing) + spacing

    def use(self, now: float) -> float:
        """What was started in the last minute, as a share of the limit."""
        return sum(at > now - _MINUTE for at in self.starts) / self._limit

    def inherit(self, moments: Sequence[float]) -> None:
        self.starts = deque(sorted([*self.starts, *moments]))

    def not_before(self, moment: float) -> None:
        self._next = max(self._next, moment)


class Throttle:
    """Lets a request start when no limit is touched by it. After a refusal nothing starts until the wait is over.

    Singles and batches have a line each. A batch whose own limit allows it goes before every single.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        spacing = max(1 / limits.per_second, _MINUTE / limits.per_minute)
        self._requests = _Pace(limits.per_minute, spacing, min(_REQUESTS_MADE_UP, limits.per_second))
        self._batches = _Pace(limits.batches_per_minute, _MINUTE / limits.batches_per_minute, _BATCHES_MADE_UP)
        self._this_second: deque[float] = deque(maxlen=limits.per_second)
        self._under_way = 0
        # Set, and replaced by another, when a slot is free or may_start would answer otherwise.
        self._changed = asyncio.Event()
        self._single_slots = asyncio.Semaphore(max(1, int(limits.in_flight * _SHARE_OF_SINGLES)))
        self._single_turn, self._batch_turn = asyncio.Lock(), asyncio.Lock()
        self._no_batch_waits = asyncio.Event()
        self._no_batch_waits.set()
        self._resumed_at = float("-inf")

    def refused(self, seconds: float | None) -> None:
        """QuickBooks said that a limit was reached, and perhaps for how long."""
        until = asyncio.get_running_loop().time() + (seconds or self._limits.wait)
        self._requests.not_before(until)
        self._resumed_at = max(self._resumed_at, until)

    def ask_anew(self) -> None:
        """Whoever waits for a turn calls its `may_start` now, and need not wait where that raises."""
        self._change()

    @asynccontextmanager
    async def turn(self, may_start: MayStart) -> AsyncIterator[None]:
        """Inside, one single request may be under way.

        `may_start` is called before each wait and last before the turn begins; it raises where nothing may be sent now.
        """
        async with self._single_slots:
            async with self._single_turn:
                await self._until_one_may_start(may_start, batch=False)
                self._start(batch=False)
            with self._under_way_now():
                yield

    @asynccontextmanager
    async def batch_turn(self, may_start: MayStart) -> AsyncIterator[None]:
        """Inside, one batch may be under way. `may_start` as for a single request."""
        async with self._batch_turn:
            await self._until_a_batch_may_start(may_start)
            self._no_batch_waits.clear()
            try:
                await self._until_one_may_start(may_start, batch=True)
                self._start(batch=True)
            finally:
                self._no_batch_waits.set()
        with self._under_way_now():
            yield

    def spent(self) -> list[Spent]:
        """What was started in the last minute."""
        now = asyncio.get_running_loop().time()
        # Counted, since several may have the same moment.
        batches = Counter(self._batches.starts)
        spent = []
        for at in self._requests.starts:
            if at > now - _MINUTE:
                spent.append(Spent(now - at, batches[at] > 0))
                batches[at] -= 1
        return spent

    def use(self) -> dict[str, float]:
        """The share of each limit of a minute that is in use."""
        now = asyncio.get_running_loop().time()
        return {"requests": self._requests.use(now), "batches": self._batches.use(now)}

    def inherit(self, spent: Sequence[Spent], unknown_seconds: float) -> None:
        """What another writer started before us. Of the last `unknown_seconds` it did not say: the most is assumed."""
        now = asyncio.get_running_loop().time()
        requests = int(min(unknown_seconds, _MINUTE) * min(self._limits.per_second, self._limits.per_minute / _MINUTE))
        batches = int(min(unknown_seconds, _MINUTE) * self._limits.batches_per_minute / _MINUTE)
        self._requests.inherit([now - each.age for each in spent] + [now] * requests)
        self._batches.inherit([now - each.age for each in spent if each.batch] + [now] * batches)

    async def _until_a_batch_may_start(self, may_start: MayStart) -> None:
        while True:
            may_start()
            pause = self._batches.pause(asyncio.get_running_loop().time())
            if pause <= _TICK:
                return
            await self._wait(pause)

    async def _until_one_may_start(self, may_start: MayStart, *, batch: bool) -> None:
        """What is free is asked anew after each wait, and nothing is held while waiting."""
        while True:
            if not batch:
                await self._no_batch_waits.wait()
            may_start()
            if self._under_way >= self._limits.in_flight:
                await self._changed.wait()
                continue
            pause = self._pause(asyncio.get_running_loop().time())
            if pause <= _TICK:
                return
            await self._wait(pause)

    async def _wait(self, seconds: float) -> None:
        """So long, or until something has changed."""
        await rest(self._changed, seconds)

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    @contextmanager
    def _under_way_now(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._under_way -= 1
            self._change()

    def _pause(self, now: float) -> float:
        pause = self._requests.pause(now)
        if len(self._this_second) == self._limits.per_second:
            pause = max(pause, self._this_second[0] + 1.0 + _JITTER / self._limits.per_second - now)
        return pause

    def _start(self, *, batch: bool) -> None:
        now = asyncio.get_running_loop().time()
        self._under_way += 1
        factor = min(1.0, max(_GENTLEST, (now - self._resumed_at) / _GENTLE_SECONDS))
        self._requests.start(now, factor)
        self._this_second.append(now)
        if batch:
            self._batches.start(now, factor)
