"""Wiring: settings, store, seed, servers, shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from intuit_sandbox import seed
from intuit_sandbox.founding import Founder
from intuit_sandbox.gateway import Gateway
from intuit_sandbox.grants import Grants
from intuit_sandbox.idtoken import IdTokens
from intuit_sandbox.logbook import Logbook
from intuit_sandbox.oauth import OAuth
from intuit_sandbox.pages import Pages
from intuit_sandbox.rehearsal import Rehearsal
from intuit_sandbox.service import CompanyService
from intuit_sandbox.settings import Settings
from intuit_sandbox.sidedoor import SideDoor
from intuit_sandbox.store import Store
from intuit_sandbox.wire import CuttableProtocol

# Books are large and hold no cycles: the collector need not walk them for every few hundred objects.
COLLECT_AFTER = (50_000, 20, 100)
TEMPLATES = Path(__file__).parent / "templates"
DRAIN_SECONDS = 5


class Server(uvicorn.Server):
    """Uvicorn without its signal handlers, which raise the signal again after the drain: a clean exit is wanted."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


def build(settings: Settings, base_url: str, store: Store) -> Starlette:
    """The application over an open store."""
    knobs, rehearsal, log = settings.knobs(), Rehearsal(), Logbook()
    companies = store.load_companies()
    seed.plant(store, companies)
    grants = Grants(store, knobs, settings.clients)
    services = {realm: CompanyService(books, store, knobs) for realm, books in companies.items()}
    templates = Jinja2Templates(TEMPLATES)
    id_tokens = IdTokens(settings.data, f"{base_url}/op/v1")
    oauth = OAuth(base_url, grants, companies, templates, id_tokens, rehearsal, log)
    gateway = Gateway(grants, services, knobs, rehearsal, log)
    pages = Pages(companies, templates)
    founder = Founder(companies, services, store, knobs)
    return Starlette(
        routes=[
            Route("/v3/company/{realm}/{resource:path}", gateway.handle, methods=["GET", "POST"]),
            Route("/.well-known/openid_sandbox_configuration", oauth.discovery),
            Route("/.well-known/openid_configuration", oauth.discovery),
            Route("/op/v1/jwks", oauth.jwks),
            Route("/connect/oauth2", oauth.authorize),
            Route("/connect/signin", oauth.sign_in, methods=["POST"]),
            Route("/connect/consent", oauth.consent, methods=["POST"]),
            Route("/oauth2/v1/tokens/bearer", oauth.token, methods=["POST"]),
            Route("/v2/oauth2/tokens/revoke", oauth.revoke, methods=["POST"]),
            Route("/v1/openid_connect/userinfo", oauth.userinfo),
            *SideDoor(services, grants, store, knobs, rehearsal, log, founder).routes(),
            Route("/", pages.home),
            Route("/companies/{realm}", pages.company),
            Route("/companies/{realm}/{tab}", pages.company),
            Route("/companies/{realm}/{tab}/{id}", pages.document),
        ]
    )


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    settings.data.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((settings.host, settings.port))
    port = listener.getsockname()[1]
    base_url = settings.public_url.rstrip("/") or f"http://{settings.host}:{port}"
    store = Store(settings.data)
    try:
        config = uvicorn.Config(
            build(settings, base_url, store),
            http=CuttableProtocol,
            loop="uvloop",
            lifespan="off",
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=DRAIN_SECONDS,
            backlog=2048,
        )
        await Server(config, lambda: _announce(settings, port)).serve(sockets=[listener])
    finally:
        store.close()
        listener.close()


def _announce(settings: Settings, port: int) -> None:
    (settings.data / "port").write_text(f"{port}\n")
    sys.stdout.write(f"intuit sandbox ready on http://{settings.host}:{port}\n")
    sys.stdout.flush()


def main() -> None:
    """Start the stand-in with settings from the environment; a taken port is told in a sentence."""
    settings = Settings()
    gc.set_threshold(*COLLECT_AFTER)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(serve(settings))
        except OSError as cause:
            sys.exit(
                f"intuit sandbox cannot listen on {settings.host}:{settings.port}: {cause.strerror}. "
                "Free the port or set INTUIT_SANDBOX_PORT."
            )
