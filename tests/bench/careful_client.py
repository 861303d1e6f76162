"""The floor of a delivery: a bare client that sends finished documents in both lanes, evenly, and keeps nothing."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable, Iterator

import aiohttp

from intuit_sandbox.harness import sale

_BATCHES, _SINGLES, _PAYLOADS = 40, 460, 30
# A tick later than the limits allow, so that no jitter makes two minutes of a request one.
_SLACK = 1.01


class CarefulClient:
    """Documents that exist are counted at the stand-in, not here."""

    def __init__(self, intuit: str, realm: str, token: str) -> None:
        self._url = f"{intuit}/v3/company/{realm}"
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._numbers = itertools.count(1)

    async def run_until(self, ended: threading.Event) -> None:
        """Sends until `ended` is set; raises what a send raised. What is refused is not sent again."""
        sending = asyncio.create_task(self._run())
        await asyncio.wait({sending, asyncio.create_task(asyncio.to_thread(ended.wait))}, return_when=FIRST_COMPLETED)
        if sending.done():
            sending.result()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

    async def _run(self) -> None:
        async with aiohttp.ClientSession(headers=self._headers) as session:
            lanes = (
                _evenly(60 / _BATCHES, lambda: self._send(session, "batch", {"BatchItemRequest": list(self._items())})),
                _evenly(60 / _SINGLES, lambda: self._send(session, "salesreceipt", self._document())),
            )
            await asyncio.gather(*lanes)

    def _items(self) -> Iterator[dict[str, object]]:
        for place in range(_PAYLOADS):
            yield {"bId": str(place), "operation": "create", "SalesReceipt": self._document()}

    def _document(self) -> dict[str, object]:
        number = f"C{next(self._numbers)}"
        return sale(("1", 19.99), ("1", 5.0), CustomerRef={"value": "1"}, DocNumber=number)

    async def _send(self, session: aiohttp.ClientSession, resource: str, body: dict[str, object]) -> None:
        request = next(self._numbers)
        async with session.post(f"{self._url}/{resource}?requestid=c{request}", data=json.dumps(body)) as answer:
            await answer.read()


async def _evenly(every: float, send: Callable[[], Awaitable[None]]) -> None:
    """What is under way when this is cancelled is cancelled with it."""
    clock = asyncio.get_running_loop().time
    due = clock()
    async with asyncio.TaskGroup() as sending:
        while True:
            await asyncio.sleep(max(0.0, due - clock()))
            due += every * _SLACK
            sending.create_task(_of(send()))


async def _of(work: Awaitable[None]) -> None:
    await work
