"""The QuickBooks Online Accounting API over HTTP: the only file that knows its addresses."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import aiohttp
from opentelemetry.trace import SpanKind

from ledgerport_libs import metrics, telemetry
from ledgerport_libs.access_tokens import AccessToken
from qbo_writer.answers import Answer, over_a_limit, read_changes, read_rows
from qbo_writer.throttle import Limits, MayStart, Throttle

log = telemetry.logger("quickbooks")

_PAGE = 1000
# Intuit: change data capture answers at most this many objects in all.
_MOST_CHANGES = 1000
_LONGEST_RETRY_AFTER = 300.0


class Unreachable(Exception):
    """QuickBooks gave no usable answer to a read; it may later. `answer` is what came instead."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"HTTP {answer.status} {answer.trouble}".strip())


@dataclass(frozen=True, slots=True)
class Target:
    """What is written: an object of this kind, or the voiding of one."""

    entity: str
    void: bool = False

    @property
    def path(self) -> str:
        """Intuit: an invoice is voided by operation=void, a payment or sales receipt by an update that includes it."""
        if not self.void:
            return f"{self.entity.lower()}?"
        operation = "operation=void" if self.entity == "Invoice" else "operation=update&include=void"
        return f"{self.entity.lower()}?{operation}&"


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One new object of a batch: bId 1, 2, … in the order they are given."""

    entity: str
    body: bytes


class QuickBooks:
    """One HTTP session for all companies. Every call names its realm by the access it was given.

    Reads and writes of a company share its limits. What was refused for a limit was not executed: it waits and is sent
    again.
    """

    def __init__(self, session: aiohttp.ClientSession, base_url: str, minor_version: int, limits: Limits) -> None:
        self._session, self._base, self._minor_version = session, base_url.rstrip("/"), minor_version
        self._limits = limits
        self._throttles: dict[str, Throttle] = {}

    async def write(
        self, access: AccessToken, target: Target, body: bytes, request_id: str, may_start: MayStart
    ) -> Answer:
        """POST an object, new or changed. The same request id again gives the first answer and does nothing.

        `may_start` is called right before each send, and raises where nothing may be sent now.
        """
        path = f"{target.path}requestid={request_id}&minorversion={self._minor_version}"
        return await self._call("POST", access, path, body, may_start)

    def batch_turn(self, realm_id: str, may_start: MayStart) -> AbstractAsyncContextManager[None]:
        """Inside, one batch may be sent to this company: what goes into it is claimed when its turn has come.

        `may_start` raises where none may be sent now; nobody waits for a turn after that.
        """
        return self.throttle(realm_id).batch_turn(may_start)

    async def write_batch(
        self, access: AccessToken, items: Sequence[BatchItem], request_id: str, may_start: MayStart
    ) -> Answer:
        """POST new objects that do not refer to each other, in one request. The body of each goes out byte for byte.

        Called inside `batch_turn`. The request id is that of the whole batch; whether it protects each item, Intuit
        does not say.
        """
        parts = [
            b'{"bId":"%d","operation":"create","%s":%s}' % (number, item.entity.encode(), item.body)
            for number, item in enumerate(items, 1)
        ]
        path = f"batch?requestid={request_id}&minorversion={self._minor_version}"
        may_start()
        metrics.BATCH_DOCUMENTS.observe(len(items))
        return self._heed(
            access, await self._send("POST", access, path, b'{"BatchItemRequest":[%s]}' % b",".join(parts))
        )

    async def query(self, access: AccessToken, entity: str, where: str = "") -> list[Mapping[str, Any]]:
        """Every row of a list, a thousand at a time; Unreachable where a page does not come."""
        rows: list[Mapping[str, Any]] = []
        while True:
            page = f"startposition {len(rows) + 1} maxresults {_PAGE}"
            statement = " ".join(("select * from", entity, where, "orderby Id", page))
            path = f"query?query={quote(statement, safe='')}&minorversion={self._minor_version}"
            answer = await self._call("GET", access, path)
            found = read_rows(answer, entity)
            if found is None:
                raise Unreachable(answer)
            rows += found
            if len(found) < _PAGE:
                return rows

    async def changes(
        self, access: AccessToken, entities: Sequence[str], since: datetime
    ) -> dict[str, list[Mapping[str, Any]]] | None:
        """Every object of these kinds that changed since then, in one read (Intuit: change data capture).

        None where there are so many that some may be missing; Unreachable where no answer comes.
        """
        asked = f"entities={','.join(entities)}&changedSince={quote(since.isoformat(), safe='')}"
        answer = await self._call("GET", access, f"cdc?{asked}&minorversion={self._minor_version}")
        found = read_changes(answer)
        if found is None:
            raise Unreachable(answer)
        return found if sum(map(len, found.values())) < _MOST_CHANGES else None

    def throttle(self, realm_id: str) -> Throttle:
        """What keeps this company's limits."""
        return self._throttles.setdefault(realm_id, Throttle(self._limits))

    async def read(self, access: AccessToken, path: str) -> Answer:
        return await self._call("GET", access, f"{path}?minorversion={self._minor_version}")

    async def _call(
        self,
        method: str,
        access: AccessToken,
        path: str,
        body: bytes | None = None,
        may_start: MayStart = lambda: None,
    ) -> Answer:
        while True:
            async with self.throttle(access.account).turn(may_start):
                answer = self._heed(access, await self._send(method, access, path, body))
            if not over_a_limit(answer):
                return answer

    def _heed(self, access: AccessToken, answer: Answer) -> Answer:
        if over_a_limit(answer):
            self.throttle(access.account).refused(answer.retry_after)
            log.warning("over_a_limit", realm=access.account)
        return answer

    async def _send(self, method: str, access: AccessToken, path: str, body: bytes | None) -> Answer:
        url = f"{self._base}/v3/company/{access.account}/{path}"
        headers = {
            "Authorization": f"Bearer {access.token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        kind, started = path.partition("?")[0].partition("/")[0], time.perf_counter()
        answer = await self._exchange(method, url, headers, body, f"quickbooks {method} {kind}")
        outcome = "limit" if over_a_limit(answer) else metrics.http_outcome(answer.status)
        metrics.QUICKBOOKS_SECONDS.labels(kind, outcome).observe(time.perf_counter() - started)
        return answer

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, name: str
    ) -> Answer:
        with telemetry.tracer().start_as_current_span(name, kind=SpanKind.CLIENT) as span:
            try:
                async with self._session.request(method, url, data=body, headers=headers) as response:
                    span.set_attribute("http.response.status_code", response.status)
                    return Answer(
                        response.status,
                        await response.read(),
                        response.headers.get("intuit_tid") or response.headers.get("intuit-tid") or "",
                        _retry_after(response.headers.get("Retry-After")),
                    )
            except (TimeoutError, aiohttp.ClientError, OSError) as error:
                return Answer(0, b"", trouble=type(error).__name__)


def quoted(text: str) -> str:
    """A text as a value of Intuit's query language."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _retry_after(header: str | None) -> float | None:
    """Seconds, where the header gives a sane number of them."""
    if header is None or not header.strip().isdigit():
        return None
    return min(float(header), _LONGEST_RETRY_AFTER)
