"""The one thing plain ASGI cannot do: cut a connection without an answer."""

from __future__ import annotations

import asyncio
from typing import cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "intuit_sandbox.transport"


class CuttableProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, with the transport within the application's reach."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast("dict[str, object]", self.scope)[TRANSPORT] = self.transport


class Cut(Response):
    """No answer at all: the connection is reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport: asyncio.Transport = scope[TRANSPORT]
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass
