"""Wiring only: settings, NATS, the other services, the pages, and what runs until SIGTERM."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from gateway.app import build
from gateway.desk import Desk
from gateway.forms import Forms
from gateway.limits import Limits
from gateway.live import LiveHub
from gateway.neighbours import neighbours
from gateway.options import Options
from gateway.pages import Pages
from gateway.sessions import Sessions
from gateway.settings import Settings
from gateway.signing import Signer
from gateway.zones import Zones
from ledgerport_libs import ops, telemetry
from ledgerport_libs.bus import Bus
from ledgerport_libs.identity import ServiceIdentity
from ledgerport_libs.service import background, run
from ledgerport_libs.settings import load

NAME = "gateway"


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Everything this service is, until `stop` is set."""
    async with AsyncExitStack() as stack:
        bus = await Bus.connect(settings.nats_url.get_secret_value(), NAME)
        stack.push_async_callback(bus.close)
        identity = ServiceIdentity.load(NAME, settings.identity_key_file)
        near = await stack.enter_async_context(neighbours(settings, identity))

        signer = Signer.load(settings.session_secret_file)
        forms = Forms(signer, settings)
        desk = Desk(
            settings=settings,
            neighbours=near,
            sessions=Sessions(near, settings),
            forms=forms,
            pages=Pages(settings, signer, forms),
            limits=Limits(settings),
            options=Options(near),
            zones=Zones(near),
        )
        hub = LiveHub(bus)
        await stack.enter_async_context(background(live=hub.watch))

        readiness = ops.Readiness({"nats": bus.ready, "auth": near.auth_ready})
        app = build(desk, hub, await stack.enter_async_context(ops.beside(readiness, settings.ops_listen)))
        await stack.enter_async_context(ops.serving_http(app, settings.http_listen, drain=settings.drain_seconds))
        telemetry.logger("main").info("ready")
        await bus.until(stop)
        readiness.draining = True
        hub.close()


def main() -> None:
    settings = load(Settings)
    telemetry.set_up(
        NAME,
        log_format=settings.log_format,
        log_level=settings.log_level,
        otlp_endpoint=settings.otel_exporter_otlp_endpoint,
    )
    run(lambda stop: serve(settings, stop))
