"""The life of a service process: background work that is tried again, and SIGTERM that drains."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import uvloop

from ledgerport_libs import metrics, telemetry
from ledgerport_libs.ending import end

log = telemetry.logger("service")
_LONGEST_WAIT = 5.0


def run(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `main` on uvloop; the event it gets is set by SIGTERM and SIGINT."""

    async def with_signals() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await main(stop)

    uvloop.run(with_signals())


async def keep_trying(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` for ever: when it fails, log and run it again after a growing wait."""
    failures = 0
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await work()
            failures = 0
        except Exception as error:
            if asyncio.get_running_loop().time() - started > 30:
                failures = 0
            failures += 1
            metrics.LOOP_FAILURES.labels(name).inc()
            log.warning(
                "background_work_failed",
                loop=name,
                error=repr(error),
                failures=failures,
                exc_info=failures == 3,
            )
        await asyncio.sleep(min(0.2 * 2 ** max(failures - 1, 0), _LONGEST_WAIT) if failures else 0)


@contextlib.asynccontextmanager
async def background(**work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Keep each piece of work going while inside; on leaving, cancel them and wait for their end."""
    tasks = [asyncio.create_task(keep_trying(name, each), name=name) for name, each in work.items()]
    try:
        yield
    finally:
        await end(*tasks)


def every(seconds: float, step: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """Work that does `step`, rests, and does it again."""

    async def loop() -> None:
        while True:
            await step()
            await asyncio.sleep(seconds)

    return loop
