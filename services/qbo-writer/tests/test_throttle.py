"""Intuit's limits for one company are never exceeded, whatever the load; the clock is a test's own."""

from __future__ import annotations

import asyncio
import heapq
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qbo_writer.throttle import Limits, Throttle


class QuickLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next thing that is due."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        scheduled: list[Any] = self._scheduled  # type: ignore[attr-defined]
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
        if not self._ready and scheduled:  # type: ignore[attr-defined]
            self._now = max(self._now, scheduled[0]._when)
        super()._run_once()  # type: ignore[misc]


def started(per_minute: int, per_second: int, in_flight: int, works: list[float]) -> tuple[list[float], int]:
    """When each request started, and how many were under way at most."""
    moments: list[float] = []
    under_way, most = 0, 0

    async def one(throttle: Throttle, seconds: float) -> None:
        nonlocal under_way, most
        async with throttle.turn():
            moments.append(asyncio.get_running_loop().time())
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(seconds)
            under_way -= 1

    async def all_of_them() -> None:
        throttle = Throttle(Limits(per_minute, per_second, in_flight, batches_per_minute=40, wait=60))
        await asyncio.gather(*(one(throttle, seconds) for seconds in works))

    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        runner.run(all_of_them())
    return moments, most


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 9),
    st.integers(1, 8),
    st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=60),
)
def test_no_window_ever_holds_more_than_is_allowed(
    per_minute: int, per_second: int, in_flight: int, works: list[float]
) -> None:
    moments, most = started(per_minute, per_second, in_flight, works)
    assert len(moments) == len(works)
    assert most <= in_flight
    for length, allowed in ((60.0, per_minute), (1.0, per_second)):
        for earlier, later in zip(moments, moments[allowed:], strict=False):
            assert later - earlier >= length - 1e-9


def test_after_a_refusal_nothing_starts_until_the_wait_is_over() -> None:
    async def told_to_wait() -> float:
        throttle = Throttle(Limits(100, 100, 8, batches_per_minute=40, wait=60))
        throttle.refused(30)
        throttle.refused(10)  # a shorter wait never shortens a longer one
        async with throttle.turn():
            return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        assert runner.run(told_to_wait()) == pytest.approx(30)
