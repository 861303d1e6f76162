"""How many a minute, over the last minute or so."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_WINDOW = 60.0


class Pace:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._done: deque[tuple[float, int]] = deque([(clock(), 0)])

    def after(self, more: int) -> int:
        """So many were just done: the rate a minute from now on."""
        now = self._clock()
        self._done.append((now, self._done[-1][1] + more))
        while len(self._done) > 2 and now - self._done[0][0] > _WINDOW:
            self._done.popleft()
        (began, first), (ended, last) = self._done[0], self._done[-1]
        return round((last - first) * 60 / max(ended - began, 0.001))
