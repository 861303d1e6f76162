"""Exports that Shopify gathers: started, watched, and read a portion of lines at a time.

Only the ids of orders are exported. What an order is worth for the books hangs on its agreements, which no export may
hold (they are no nodes), and on lists within its refunds, which none may hold either. So each order is read as every
other one is, and an export is what it is good at: a list without end that costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import aiohttp
import orjson

from shopify_sync.documents import query
from shopify_sync.shopify_admin import ShopifyAdmin, ShopifyTrouble

_RUN, _LOOK, _CANCEL = query("run_bulk"), query("bulk_operation"), query("cancel_bulk")
_BUSY = frozenset({"LIMIT_REACHED", "OPERATION_IN_PROGRESS"})
_READING = aiohttp.ClientTimeout(total=300, sock_connect=10, sock_read=30)
_GATHERING = frozenset({"CREATED", "RUNNING", "CANCELING"})
_LONGEST_LINE = 10_000


class Busy(ShopifyTrouble):
    """As many exports run as may."""


class Refused(Exception):
    """Shopify makes no export of this: asking again is no cure."""


class Expired(Exception):
    """The address of the file is no longer good."""


class Broken(Exception):
    """The file does not hold lines as it should."""


@dataclass(frozen=True, slots=True)
class Export:
    """How far it is. `url` is empty where there is nothing to read."""

    status: str
    lines: int
    orders: int
    url: str

    @property
    def gathering(self) -> bool:
        return self.status in _GATHERING

    @property
    def complete(self) -> bool:
        return self.status == "COMPLETED"


@dataclass(frozen=True, slots=True)
class Listed:
    """An order of a list, and where the list goes on after it. `end` counts bytes; a page has none."""

    source_id: str
    updated_at: datetime
    end: int = 0


def exported(search: str) -> str:
    """The query that is exported. It carries its search inside: bulk queries have no variables."""
    return f"{{ orders(query: {orjson.dumps(search).decode()}) {{ edges {{ node {{ id updatedAt }} }} }} }}"


class BulkExports:
    """Reads with a session that never carries a store's token."""

    def __init__(self, admin: ShopifyAdmin, session: aiohttp.ClientSession) -> None:
        self._admin, self._session = admin, session

    async def start(self, business_id: str, search: str) -> str:
        """Its id. Busy: later. Refused, or Denied: never."""
        answer = (await self._admin.ask(business_id, _RUN, {"query": exported(search)}))["bulkOperationRunQuery"]
        codes = {str(error["code"]) for error in answer["userErrors"]}
        if codes & _BUSY:
            raise Busy("as many exports run as may")
        if codes or not answer["bulkOperation"]:
            raise Refused("; ".join(str(error["message"]) for error in answer["userErrors"]))
        return str(answer["bulkOperation"]["id"])

    async def look(self, business_id: str, bulk_id: str) -> Export:
        """Expired where Shopify knows it no longer."""
        found = (await self._admin.ask(business_id, _LOOK, {"id": bulk_id}))["bulkOperation"]
        if found is None:
            raise Expired(bulk_id)
        return Export(found["status"], int(found["objectCount"]), int(found["rootObjectCount"]), found["url"] or "")

    async def cancel(self, business_id: str, bulk_id: str) -> None:
        """Safe to repeat; one that is over stays as it is."""
        await self._admin.ask(business_id, _CANCEL, {"id": bulk_id})

    async def portion(self, url: str, place: int, most: int) -> Sequence[Listed]:
        """At most so many lines from that byte on; none at the end of the file.

        Each portion is a request of its own: the reading may take hours, and no connection is held open for so long.
        """
        headers = {"Range": f"bytes={place}-"} if place else {}
        try:
            async with self._session.get(url, headers=headers, timeout=_READING) as response:
                if response.status == 416:
                    return []
                if response.status in (400, 403, 404, 410):
                    raise Expired(f"HTTP {response.status}")
                if response.status not in (200, 206):
                    raise ShopifyTrouble(f"the export answers HTTP {response.status}")
                skip = place if response.status == 200 else 0
                return await _lines(response.content, skip, place, most)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ShopifyTrouble(f"the export is not reached: {type(error).__name__}") from error


async def _lines(content: aiohttp.StreamReader, skip: int, place: int, most: int) -> list[Listed]:
    while skip:
        skip -= len(await content.readexactly(min(skip, 65_536)))
    found: list[Listed] = []
    while len(found) < most and (line := await content.readline()):
        place += len(line)
        if len(line) > _LONGEST_LINE:
            raise Broken("a line without end")
        if line.strip():
            found.append(_listed(line, place))
    return found


def _listed(line: bytes, end: int) -> Listed:
    try:
        node = orjson.loads(line)
        return Listed(str(node["id"]), datetime.fromisoformat(node["updatedAt"]), end)
    except (ValueError, KeyError, TypeError) as error:
        raise Broken("a line is no order") from error
