"""What fails again and again is tried less and less often, and at once again after it worked."""

from __future__ import annotations

from shopify_sync.pace import Pace
from shopify_sync.patience import Patience


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_waits_double_up_to_a_bound_and_are_forgotten() -> None:
    clock = Clock()
    patience, waits = Patience(clock), []
    for _ in range(8):
        patience.failed("a store")
        began = clock.now
        while not patience.may("a store"):
            clock.now += 0.5
        waits.append(clock.now - began)
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    assert patience.may("another")
    patience.failed("a store")
    patience.worked("a store")
    assert patience.may("a store")


def test_a_pace_is_that_of_the_last_minute() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(60):
        clock.now += 1
        assert pace.after(10) == 600
    for _ in range(70):
        clock.now += 1
        slow = pace.after(1)
    assert slow == 60
