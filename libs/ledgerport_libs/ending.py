"""Tasks that are to end."""

from __future__ import annotations

import asyncio
from typing import Any

# Seconds in which a task that heard it has cleaned up after itself.
_HEARD = 5.0


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel these tasks; returns when all of them have ended, however they did.

    Told again where they go on: libraries that wait by Python 3.11's `asyncio.wait_for` (psycopg's pool, the client of
    NATS) now and then lose a cancellation, and a loop that lost its own would go on for ever, with its lease.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_HEARD)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # looked at, so that nobody calls it forgotten
