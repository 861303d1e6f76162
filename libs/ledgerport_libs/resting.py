"""A rest that something may cut short: every loop that looks for work takes one between two looks."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def rest(wake: asyncio.Event, seconds: float) -> None:
    """Until `wake` is set, at most so long.

    A cancellation always ends it. Python 3.11's `asyncio.wait_for` loses one that comes in the moment in which `wake`
    is set, and a loop that was to end would then go on for ever.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()
