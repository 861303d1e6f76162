"""Intuit's limits for one company are never exceeded, whatever the load; the clock is a test's own."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qbo_writer.throttle import Limits, Spent, Throttle


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


Limit = tuple[int, int, int, int]


@dataclass
class Starts:
    """When requests started, and how many were under way at most."""

    all: list[float] = field(default_factory=list)
    batches: list[float] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    async def one(self, throttle: Throttle, seconds: float, *, batch: bool) -> None:
        async with throttle.batch_turn(always) if batch else throttle.turn(always):
            now = asyncio.get_running_loop().time()
            self.all.append(now)
            self.batches += [now] if batch else []
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            await asyncio.sleep(seconds)
            self.under_way -= 1


def always() -> None:
    """Nothing is against it."""


def limits(per_minute: int, per_second: int, in_flight: int, batches_per_minute: int) -> Limits:
    return Limits(per_minute, per_second, in_flight, batches_per_minute, wait=60)


def started(limit: Limit, works: list[tuple[float, bool]], spent: Sequence[Spent] = ()) -> Starts:
    """All of these ask for their turn at once; each is a batch or not and takes so many seconds."""
    starts = Starts()

    async def all_of_them() -> None:
        throttle = Throttle(limits(*limit))
        throttle.inherit(spent, 0)
        await asyncio.gather(*(starts.one(throttle, seconds, batch=batch) for seconds, batch in works))

    run(all_of_them())
    return starts


def run(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        return runner.run(work)


def holds(moments: Sequence[float], allowed: int, seconds: float) -> bool:
    """No window of so many seconds has more than is allowed."""
    pairs = zip(moments, moments[allowed:], strict=False)
    return all(later - earlier >= seconds - 1e-9 for earlier, later in pairs)


LIMITS = st.tuples(st.integers(1, 40), st.integers(1, 9), st.integers(1, 8), st.integers(1, 10))
WORKS = st.lists(st.tuples(st.floats(0, 3, allow_nan=False), st.booleans()), min_size=1, max_size=60)


@settings(max_examples=30, deadline=None)
@given(LIMITS, WORKS)
def test_no_window_ever_holds_more_than_is_allowed(limit: Limit, works: list[tuple[float, bool]]) -> None:
    per_minute, per_second, in_flight, batches_per_minute = limit
    starts = started(limit, works)
    assert len(starts.all) == len(works)
    assert starts.most <= in_flight
    assert holds(starts.all, per_minute, 60.0)
    assert holds(starts.all, per_second, 1.0)
    assert holds(starts.batches, batches_per_minute, 60.0)


@settings(max_examples=30, deadline=None)
@given(LIMITS, WORKS, st.lists(st.tuples(st.floats(0, 59, allow_nan=False), st.booleans()), max_size=40))
def test_what_another_writer_started_counts_too(
    limit: Limit, works: list[tuple[float, bool]], earlier: list[tuple[float, bool]]
) -> None:
    per_minute, _, _, batches_per_minute = limit
    spent = [Spent(age, batch) for age, batch in sorted(earlier, reverse=True)][:per_minute]
    starts = started(limit, works, spent)
    before = [-each.age for each in spent]
    assert holds([*before, *starts.all], per_minute, 60.0)
    if sum(each.batch for each in spent) <= batches_per_minute:
        assert holds([*(-each.age for each in spent if each.batch), *starts.batches], batches_per_minute, 60.0)


@pytest.mark.parametrize("batch", [True, False])
def test_who_waits_for_a_turn_is_told_at_once_that_there_will_be_none(batch: bool) -> None:
    stopped = False

    def may_start() -> None:
        if stopped:
            raise InterruptedError

    async def until_told() -> float:
        nonlocal stopped
        throttle = Throttle(limits(1, 1, 8, 1))

        async def asks() -> None:
            async with throttle.batch_turn(may_start) if batch else throttle.turn(may_start):
                await asyncio.sleep(0)

        await asks()
        waiting = [asyncio.create_task(asks()) for _ in range(3)]
        await asyncio.sleep(5)
        stopped = True
        throttle.ask_anew()
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in told] == [InterruptedError] * 3
        return asyncio.get_running_loop().time()

    assert run(until_told()) == pytest.approx(5, abs=1)


def test_a_writer_that_said_nothing_for_a_while_is_taken_to_have_used_all_it_might() -> None:
    async def first_start() -> float:
        throttle = Throttle(limits(60, 10, 8, 40))
        throttle.inherit([Spent(30.0, batch=False)] * 51, unknown_seconds=10)
        async with throttle.turn(always):
            return asyncio.get_running_loop().time()

    assert run(first_start()) == pytest.approx(30, abs=1)  # 51 are known, of ten seconds the most is ten more


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 59), st.booleans()), max_size=40), st.integers(0, 30))
def test_from_writer_to_writer_what_was_started_or_assumed_stays_what_it_was(
    earlier: list[tuple[int, bool]], unknown_seconds: int
) -> None:
    async def handed_on() -> list[list[Spent]]:
        first, second = Throttle(limits(600, 10, 8, 40)), Throttle(limits(600, 10, 8, 40))
        first.inherit([Spent(age, batch) for age, batch in earlier], unknown_seconds)
        second.inherit(first.spent(), 0)
        return [first.spent(), second.spent()]

    first, second = run(handed_on())
    assert first == second
    assert sum(each.batch for each in first) == sum(batch for _, batch in earlier) + unknown_seconds * 40 // 60


def test_a_batch_goes_before_the_singles_that_wait() -> None:
    starts = started((60, 10, 8, 40), [(0.0, False)] * 30 + [(0.0, True)])
    assert starts.batches[0] <= starts.all[1]


def test_slow_singles_leave_room_for_batches() -> None:
    starts = started((60, 10, 4, 40), [(50.0, False)] * 8 + [(0.0, True)])
    assert starts.batches[0] < 10


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5))
def test_all_that_is_allowed_is_used(minutes: int) -> None:
    whole = (500, 10, 10, 40)
    starts = started(whole, [(0.2, False)] * 600 * minutes + [(3.2, True)] * 40 * minutes)
    assert len([at for at in starts.all if at <= 60 * minutes]) >= 0.97 * 500 * minutes
    assert len([at for at in starts.batches if at <= 60 * minutes]) >= 0.97 * 40 * minutes


def test_after_a_refusal_nothing_starts_until_the_wait_is_over_and_then_gently() -> None:
    async def told_to_wait() -> list[float]:
        throttle, starts = Throttle(limits(600, 10, 8, 40)), Starts()
        throttle.refused(30)
        throttle.refused(10)  # a shorter wait never shortens a longer one
        await asyncio.gather(*(starts.one(throttle, 0, batch=False) for _ in range(900)))
        return starts.all

    moments = run(told_to_wait())
    assert moments[0] == pytest.approx(30)
    first, later = ([at for at in moments if start <= at < start + 10] for start in (30, 90))
    assert len(first) < 0.5 * len(later)
