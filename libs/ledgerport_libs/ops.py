"""The operator's side of a service over HTTP: /healthz, /readyz and /metrics."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from ledgerport_libs.settings import ListenAddress

Check = Callable[[], Awaitable[None]]


class Readiness:
    """The truth about what this service needs, asked afresh each time; never ready while draining."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self.draining = False

    async def troubles(self) -> dict[str, str]:
        """What is not ready and why; empty when all is well. Each check has two seconds."""
        if self.draining:
            return {"service": "draining"}
        names = list(self._checks)
        outcomes = await asyncio.gather(*(self._ask(self._checks[name]) for name in names))
        return {name: outcome for name, outcome in zip(names, outcomes, strict=True) if outcome}

    async def _ask(self, check: Check) -> str:
        try:
            async with asyncio.timeout(2):
                await check()
        except Exception as error:
            return type(error).__name__
        return ""


def routes(readiness: Readiness) -> list[BaseRoute]:
    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        troubles = await readiness.troubles()
        return JSONResponse({"ready": not troubles, "troubles": troubles}, 503 if troubles else 200)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


class _Server(uvicorn.Server):
    """uvicorn, without its own idea of signals: the service drains as a whole."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving_http(app: Starlette, listen: str, *, drain: float = 10.0) -> AsyncIterator[int]:
    """Serve while inside; yields the port. On leaving, requests under way have `drain` seconds to finish."""
    address = ListenAddress.of(listen)
    config: Any = uvicorn.Config(
        app,
        host=address.host,
        port=address.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=int(drain),
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(), name="http")
    while not server.started:
        if task.done():
            raise OSError(f"cannot listen on {listen}; is another program using the port?")
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def beside(readiness: Readiness, listen: str) -> AsyncIterator[list[BaseRoute]]:
    """The operators' routes that are still to be served: none where `listen` names an address of their own."""
    own = routes(readiness)
    if not listen:
        yield own
        return
    async with serving_http(Starlette(routes=own), listen):
        yield []
