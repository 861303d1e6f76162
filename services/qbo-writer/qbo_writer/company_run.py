"""One company's work while its lease is ours: singles and batches side by side, out of one line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from opentelemetry.trace import SpanKind

from ledgerport_libs import telemetry
from ledgerport_libs.ending import end
from qbo_writer.batching import deliver_batch
from qbo_writer.desk import Desk
from qbo_writer.ledger_rows import Runnable
from qbo_writer.line import Line, Waiting
from qbo_writer.writing import deliver

# Seconds that a desk waits for more work, and after which what it knows of the company is read again.
_KEEP_DESK = 20.0
_DESK_LIFE = 300.0


class CompanyRun:
    """Runs until there has been nothing to do for a while, or until trouble that concerns the whole company."""

    def __init__(self, desk: Desk, in_flight: int, payloads: int, tell: Callable[[], None]) -> None:
        self._desk, self._tell = desk, tell
        self.line = Line(desk.db, desk.lease.business_id, payloads, lambda: desk.breaker.closed)
        self._singles = asyncio.Semaphore(in_flight)
        self._batches = asyncio.Semaphore(in_flight)
        self._under_way: set[asyncio.Task[None]] = set()
        self._trouble: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work(self) -> None:
        """What was sent is settled before this returns or raises; if it is cancelled, nothing is."""
        lanes = [
            asyncio.create_task(self._single_lane(), name="single lane"),
            asyncio.create_task(self._batch_lane(), name="batch lane"),
            asyncio.create_task(self._until_idle(), name="until idle"),
        ]
        try:
            await asyncio.wait([*lanes, self._trouble], return_when=asyncio.FIRST_COMPLETED)
            await end(*lanes)
            if self._under_way:
                await asyncio.wait(self._under_way)
        finally:
            await end(*lanes, *self._under_way)
            self._trouble.cancel()  # nobody asks any more, unless it is done
        for lane in lanes:
            if not lane.cancelled() and (error := lane.exception()) is not None:
                raise error
        if not self._trouble.cancelled():
            self._trouble.result()

    def stop(self) -> None:
        """Nothing more is sent; what was sent is settled."""
        self._send_no_more("STOPPED")
        if not self._trouble.done():
            self._trouble.set_result(None)

    def _send_no_more(self, why: str) -> None:
        """Those that wait for their turn are told at once: at a company's limit it may be a minute away."""
        self._desk.stopped = self._desk.stopped or why
        self._desk.quickbooks.throttle(self._desk.company.realm_id).ask_anew()

    async def _single_lane(self) -> None:
        while True:
            await self._desk.breaker.rest()
            await self._singles.acquire()
            task = self._spawn(self._singles, self._single(await self.line.take_single()))
            if not self._desk.breaker.closed:
                await asyncio.wait([task])

    async def _batch_lane(self) -> None:
        while True:
            await self._batches.acquire()
            self._spawn(self._batches, self._batch(await self.line.take_batch()))

    async def _single(self, taken: Waiting) -> None:
        try:
            for record in await self._read([taken]):
                # The trace goes back, by a link, to the webhook or click that caused the record.
                links, name = telemetry.link_to(record.traceparent), f"deliver {record.kind}"
                with (
                    telemetry.of_business(record.business_id, record=str(record.id)),
                    telemetry.tracer().start_as_current_span(name, kind=SpanKind.CONSUMER, links=links) as span,
                ):
                    span.set_attribute("record", str(record.id))
                    await deliver(self._desk, record)
        finally:
            self.line.done([taken])

    async def _batch(self, taken: Sequence[Waiting]) -> None:
        alone: Sequence[Any] = ()
        try:
            alone = await deliver_batch(self._desk, await self._read(taken))
        finally:
            self.line.done(taken, alone=alone)

    async def _read(self, taken: Sequence[Waiting]) -> list[Runnable]:
        await self._desk.heed_changes()
        return await self._desk.db.all("records_to_write", Runnable, ids=[each.id for each in taken])

    def _spawn(self, slots: asyncio.Semaphore, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._under_way.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._under_way.discard(task)
            slots.release()
            self._tell()
            if task.cancelled():
                return
            error = task.exception()
            if error is not None and not self._trouble.done():
                # What is on its way to QuickBooks finishes and is settled; nothing new is sent.
                self._send_no_more(type(error).__name__)
                self._trouble.set_exception(error)

        task.add_done_callback(ended)
        return task

    async def _until_idle(self) -> None:
        """The desk is kept for a while: the next order needs none of what a new one reads."""
        clock = asyncio.get_running_loop().time
        ends, busy_at = clock() + _DESK_LIFE, clock()
        while clock() < ends and clock() < busy_at + _KEEP_DESK:
            await asyncio.sleep(1)
            if not self.line.idle:
                busy_at = clock()
