"""When QuickBooks stops answering, a company's writes rest: then one at a time asks whether it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence


class Breaker:
    """Open while the last write of the company had no usable answer.

    A batch whose answer is lost has to be looked up document by document: none may be sent into an outage.
    """

    def __init__(self, waits: Sequence[float]) -> None:
        self._waits = waits
        self._failures = 0
        self._until = 0.0

    @property
    def closed(self) -> bool:
        return self._failures == 0

    def answered(self) -> None:
        self._failures = 0

    def unanswered(self) -> None:
        """The wait grows with each one after the other (seconds)."""
        self._until = asyncio.get_running_loop().time() + self._waits[min(self._failures, len(self._waits) - 1)]
        self._failures += 1

    async def rest(self) -> None:
        """Returns when the next write may be tried; at once while all is well."""
        if not self.closed:
            await asyncio.sleep(max(0.0, self._until - asyncio.get_running_loop().time()))
