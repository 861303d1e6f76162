"""A figure of a benchmark stands beside a floor of the same run, so that a slow machine shifts both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` is value over floor. `goal` is said of the ratio, or of the value where there is no floor.

    Times, calls and memory should stay under their goal; rates and shares should reach it.
    """

    name: str
    value: float
    unit: str
    goal: float | None
    floor: float | None
    ratio: float | None


def against(name: str, value: float, unit: str, *, floor: float, goal: float | None = None) -> Figure:
    return Figure(name, value, unit, goal, floor, value / floor)


def share(name: str, value: float, *, goal: float) -> Figure:
    """A part of the most that is possible, which is the floor: 1."""
    return Figure(name, value, "of the most", goal, 1.0, value)


def alone(name: str, value: float, unit: str, *, goal: float | None = None) -> Figure:
    """A figure that nothing can stand beside."""
    return Figure(name, value, unit, goal, None, None)


def quantile(values: Sequence[float], part: float) -> float:
    """Of sorted values: the one that `part` of them do not pass."""
    return values[min(len(values) - 1, int(part * len(values)))]


def cpu_ms(work: Callable[[], object], times: int) -> float:
    """CPU milliseconds of one call: the best of several rounds, since everything else only adds to it."""
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(times):
            work()
        best = min(best, time.process_time() - began)
    return best * 1000 / times


def write(figures: Iterable[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(each) for each in figures], indent=1) + "\n")


def table(figures: Iterable[Figure]) -> str:
    """For people: one line a figure."""
    lines = [f"{'figure':<40} {'value':>12} {'unit':<14} {'floor':>12} {'ratio':>8} {'goal':>8}"]
    for each in figures:
        floor = f"{each.floor:.4g}" if each.floor is not None else "–"
        ratio = f"{each.ratio:.3g}" if each.ratio is not None else "–"
        goal = f"{each.goal:.3g}" if each.goal is not None else "–"
        lines.append(f"{each.name:<40} {each.value:>12.4g} {each.unit:<14} {floor:>12} {ratio:>8} {goal:>8}")
    return "\n".join(lines)
