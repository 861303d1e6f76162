"""What failed is tried again after a growing wait, so that trouble which lasts is not asked about every second."""

from __future__ import annotations

import time
from collections.abc import Callable

_LONGEST = 30.0


class Patience:
    """One wait for each key; forgotten as soon as it works."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: dict[str, tuple[int, float]] = {}

    def may(self, key: str) -> bool:
        """Whether it is time to try."""
        return self._clock() >= self._failed.get(key, (0, 0.0))[1]

    def failed(self, key: str) -> None:
        times = self._failed.get(key, (0, 0.0))[0] + 1
        self._failed[key] = (times, self._clock() + min(2.0**times / 2, _LONGEST))

    def worked(self, key: str) -> None:
        self._failed.pop(key, None)
