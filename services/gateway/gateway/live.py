"""Live updates: what NATS says about a Business goes to its open pages as server-sent events."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.desk import Desk
from gateway.sessions import Visitor
from ledgerport.events.v1 import connection_pb2, record_pb2
from ledgerport.gateway.v1 import live_pb2
from ledgerport_libs import metrics, telemetry
from ledgerport_libs.bus import Bus
from ledgerport_libs.errors import AppError, NotAllowed, NotSignedIn, TooManyTries

log = telemetry.logger("live")
_QUEUE = 64
_BUSINESS = re.compile(r"[0-9A-Za-z-]{1,64}")
_WATCH_SECONDS = 1.0


class Listener:
    """One open page: a bounded queue; when it runs over, one Reset stands for all that was dropped."""

    def __init__(self, size: int = _QUEUE) -> None:
        self._queue: asyncio.Queue[live_pb2.LiveUpdate | None] = asyncio.Queue(size)
        self._size = size

    def tell(self, update: live_pb2.LiveUpdate) -> None:
        if self._queue.full():
            while not self._queue.empty():
                self._queue.get_nowait()
            update = live_pb2.LiveUpdate(reset=live_pb2.Reset())
        self._queue.put_nowait(update)

    def end(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def next(self, timeout: float) -> live_pb2.LiveUpdate | None:
        """The next update; None at the end. TimeoutError when it was quiet."""
        async with asyncio.timeout(timeout):
            return await self._queue.get()


@dataclass(slots=True)
class _Channel:
    subscriptions: list[Subscription]
    listeners: set[Listener] = field(default_factory=set)


class LiveHub:
    """One shared subscription for each Business with open pages."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._channels: dict[str, _Channel] = {}
        self._lock = asyncio.Lock()
        self.closed = False

    async def join(self, business_id: str) -> Listener:
        if not _BUSINESS.fullmatch(business_id):
            raise NotSignedIn("no business to listen to")
        listener = Listener()
        async with self._lock:
            channel = self._channels.get(business_id)
            if channel is None:
                channel = self._channels[business_id] = _Channel(await self._subscribe(business_id))
            channel.listeners.add(listener)
        if self.closed:
            listener.end()
        return listener

    async def leave(self, business_id: str, listener: Listener) -> None:
        async with self._lock:
            channel = self._channels.get(business_id)
            if channel is None:
                return
            channel.listeners.discard(listener)
            if channel.listeners:
                return
            del self._channels[business_id]
            if not self._bus.client.is_closed:
                for subscription in channel.subscriptions:
                    await subscription.unsubscribe()

    async def _subscribe(self, business_id: str) -> list[Subscription]:
        async def heard(message: Msg) -> None:
            update = update_of(message)
            if update is not None:
                links = telemetry.link_to((message.headers or {}).get("traceparent", ""))
                with telemetry.tracer().start_as_current_span("tell pages", kind=SpanKind.CONSUMER, links=links):
                    self._tell(business_id, update)

        subjects = (f"records.v1.{business_id}.>", f"connections.v1.{business_id}.>")
        return [await self._bus.client.subscribe(subject, cb=heard) for subject in subjects]

    def _tell(self, business_id: str, update: live_pb2.LiveUpdate) -> None:
        channel = self._channels.get(business_id)
        for listener in channel.listeners if channel else ():
            listener.tell(update)

    async def watch(self) -> None:
        """When NATS was away, events may have been missed: every page asks for everything again."""
        seen = self._bus.client.stats["reconnects"]
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            now = self._bus.client.stats["reconnects"]
            if now != seen:
                seen = now
                for business_id in self._channels:
                    self._tell(business_id, live_pb2.LiveUpdate(reset=live_pb2.Reset()))

    def close(self) -> None:
        """End every open page's stream; the pages come back to another process by themselves."""
        self.closed = True
        for channel in self._channels.values():
            for listener in channel.listeners:
                listener.end()


def update_of(message: Msg) -> live_pb2.LiveUpdate | None:
    """What the event says, as pages hear it; None for one that we cannot read."""
    try:
        if message.subject.startswith("records."):
            return live_pb2.LiveUpdate(record=record_pb2.RecordEvent.FromString(message.data))
        return live_pb2.LiveUpdate(connection=connection_pb2.ConnectionEvent.FromString(message.data))
    except DecodeError:
        log.warning("unreadable_event", subject=message.subject)
        return None


class Live:
    """GET /live."""

    def __init__(self, desk: Desk, hub: LiveHub) -> None:
        self._desk, self._hub = desk, hub
        self._open: Counter[str] = Counter()

    def routes(self) -> list[Route]:
        return [Route("/live", self.stream, methods=["GET"])]

    async def stream(self, request: Request) -> Response:
        visitor = await self._desk.sessions.visitor(request)
        if not visitor.business_id:
            raise NotAllowed("nothing to listen to")
        settings = self._desk.settings
        if self._open[visitor.session_id] >= settings.live_pages_by_session:
            raise TooManyTries("live pages of one session", say="Too many open pages.")
        if self._open.total() >= settings.live_pages:
            raise TooManyTries("live pages of all", say="Too many open pages.")
        token = self._desk.sessions.token(request)
        return StreamingResponse(self._events(visitor, token), media_type="text/event-stream")

    async def _events(self, visitor: Visitor, token: str) -> AsyncIterator[str]:
        self._open[visitor.session_id] += 1
        metrics.LIVE_PAGES.inc()
        listener = await self._hub.join(visitor.business_id)
        try:
            yield "retry: 2000\n: listening\n\n"
            while True:
                try:
                    update = await listener.next(self._desk.settings.heartbeat_seconds)
                except TimeoutError:
                    if not await self._still_signed_in(visitor, token):
                        return
                    yield ": still here\n\n"
                    continue
                if update is None:
                    return
                yield f"data: {MessageToJson(update, indent=None)}\n\n"
        finally:
            self._open[visitor.session_id] -= 1
            if not self._open[visitor.session_id]:
                del self._open[visitor.session_id]
            metrics.LIVE_PAGES.dec()
            await asyncio.shield(self._hub.leave(visitor.business_id, listener))

    async def _still_signed_in(self, visitor: Visitor, token: str) -> bool:
        """False once the session has ended or the person left the Business; trouble at auth is no reason to stop."""
        try:
            now = await self._desk.sessions.resolve(token, visitor.business_id)
        except NotSignedIn:
            return False
        except AppError:
            return True
        return now.business_id == visitor.business_id
