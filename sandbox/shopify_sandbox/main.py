"""Puts the stand-in together and runs it until SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from shopify_sandbox.apps import AppRegistry
from shopify_sandbox.clock import Clock
from shopify_sandbox.control import Control
from shopify_sandbox.delivery import Dispatcher
from shopify_sandbox.desk import Desk
from shopify_sandbox.graphql_api import GraphqlApi
from shopify_sandbox.journal import Journal
from shopify_sandbox.oauth import OAuth
from shopify_sandbox.pages import StorePages
from shopify_sandbox.settings import Settings
from shopify_sandbox.subscriptions import Subscriptions

TEMPLATES = Path(__file__).with_name("templates")


def build_app(settings: Settings) -> Starlette:
    """The whole application over one data folder."""
    journal, clock = Journal(settings.data), Clock()
    apps = AppRegistry(settings, clock, journal)
    subscriptions = Subscriptions(journal)
    post = Dispatcher(settings, clock, journal, subscriptions, apps.clients)
    desk = Desk(clock, journal, apps, subscriptions, post)
    api = GraphqlApi(settings, desk)
    pages = Jinja2Templates(TEMPLATES)
    oauth, stores = OAuth(desk, pages), StorePages(desk, pages)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        sending = asyncio.create_task(post.run())
        yield
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending
        journal.close()

    return Starlette(
        lifespan=lifespan,
        routes=[
            *Control(desk, api).routes(),
            Route("/bulk-storage/{key}", api.bulk.download, methods=["GET"]),
            Route("/{shop}/admin/oauth/authorize", oauth.ask, methods=["GET"]),
            Route("/{shop}/admin/oauth/authorize", oauth.decide, methods=["POST"]),
            Route("/{shop}/admin/oauth/access_token", oauth.token, methods=["POST"]),
            Route("/{shop}/admin/api/{version}/graphql.json", api.endpoint, methods=["POST"]),
            *stores.routes(),
        ],
    )


class AnnouncingServer(uvicorn.Server):
    """Says so once it accepts connections."""

    announcement = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self.announcement, flush=True)  # noqa: T201


async def serve(settings: Settings) -> None:
    """Listen, say so, and stop cleanly on SIGTERM or Ctrl-C."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as cause:
        listener.close()
        raise SystemExit(
            f"Port {settings.port} on {settings.host} is taken ({cause.strerror}). "
            "Choose another with SHOPIFY_SANDBOX_PORT, or 0 for a free one."
        ) from None
    port = listener.getsockname()[1]
    server = AnnouncingServer(
        uvicorn.Config(
            build_app(settings),
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=3,
            lifespan="on",
        )
    )
    settings.data.joinpath("port").write_text(str(port))
    server.announcement = f"shopify sandbox ready on http://{settings.host}:{port}"
    await server.serve([listener])
    listener.close()


def main() -> None:
    """Entry point of `python -m shopify_sandbox`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Settings()))
