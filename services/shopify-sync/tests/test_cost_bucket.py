"""Who may ask of a store's bucket: by what its answers said, live before history, and neither for ever behind."""

from __future__ import annotations

import asyncio

import pytest

from shopify_sync.cost_bucket import CostBucket, Lane, QueryCosts


class Clock:
    """Moves only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def bucket(clock: Clock, points: float = 2000, share: float = 0.5) -> CostBucket:
    made = CostBucket(share, clock)
    made.learned({"maximumAvailable": 2000.0, "currentlyAvailable": points, "restoreRate": 100.0})
    return made


def test_a_query_that_fits_goes_at_once_and_one_that_does_not_waits_for_what_is_missing() -> None:
    made = bucket(Clock(), points=300)
    assert made.pause(Lane.LIVE, 300) == 0
    assert made.pause(Lane.LIVE, 500) == pytest.approx(2)


def test_points_come_back_as_time_goes_by() -> None:
    clock = Clock()
    made = bucket(clock, points=0)
    clock.now += 5
    assert made.pause(Lane.LIVE, 500) == 0
    assert made.pause(Lane.LIVE, 600) == pytest.approx(1)


def test_what_was_asked_for_is_not_there_twice() -> None:
    async def both() -> float:
        made = bucket(Clock(), points=1000)
        async with made.taken(Lane.LIVE, 700):
            return made.pause(Lane.LIVE, 700)

    assert asyncio.run(both()) == pytest.approx(4)


def test_a_query_larger_than_the_bucket_waits_until_it_is_full_and_not_for_ever() -> None:
    assert bucket(Clock(), points=2000).pause(Lane.LIVE, 5000) == 0


def test_history_leaves_its_share_untouched_for_what_happens_now() -> None:
    made = bucket(Clock(), points=1400)
    assert made.pause(Lane.HISTORY, 400) == 0
    assert made.pause(Lane.HISTORY, 500) == pytest.approx(1)
    assert made.pause(Lane.LIVE, 1400) == 0


def test_while_live_work_waits_history_gets_its_share_of_what_comes_back() -> None:
    async def crowded() -> tuple[float, float]:
        clock = Clock()
        made = bucket(clock, points=0, share=0.25)
        waiting = asyncio.create_task(made._take(Lane.LIVE, 2000))
        await asyncio.sleep(0)
        at_first = made.pause(Lane.HISTORY, 100)
        clock.now += 4
        later = made.pause(Lane.HISTORY, 100)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return at_first, later

    at_first, later = asyncio.run(crowded())
    assert at_first == pytest.approx(4)
    assert later == pytest.approx(0)


def test_told_to_hold_nobody_asks() -> None:
    clock = Clock()
    made = bucket(clock)
    made.hold(3)
    assert made.pause(Lane.LIVE, 1) == pytest.approx(3)
    clock.now += 3
    assert made.pause(Lane.LIVE, 1) == 0


def test_the_cost_of_a_query_is_what_it_was_last_time_and_grows_with_its_objects() -> None:
    costs = QueryCosts()
    ten = {"ids": ["x"] * 10}
    assert costs.of("q", ten) > 0
    costs.learned("q", ten, 400)
    assert (costs.of("q", ten), costs.of("q", {"ids": ["x"] * 20}), costs.of("q", {"ids": ["x"]})) == (400, 800, 400)
