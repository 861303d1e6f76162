"""What a service with a database stands on, opened in order and closed in reverse: one wiring for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from ledgerport.operations.v1.operations_pb2_grpc import add_OperationsServiceServicer_to_server
from ledgerport_libs import operations, ops, rpc, service, telemetry
from ledgerport_libs.bus import Bus, Consumer
from ledgerport_libs.database import Database, Queries
from ledgerport_libs.identity import ServiceIdentity, Verifier
from ledgerport_libs.migrations import migrate
from ledgerport_libs.settings import DatabaseSettings, ServiceSettings

log = telemetry.logger("floor")


class FloorSettings(ServiceSettings, DatabaseSettings, frozen=True):
    """What a service with a database can be told."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The open database, bus and identity. What is started through it is stopped in reverse, before they close."""

    name: str
    db: Database
    bus: Bus
    identity: ServiceIdentity
    readiness: ops.Readiness
    stack: AsyncExitStack
    _settings: FloorSettings

    async def channel(self, address: str, audience: str, services: Sequence[ServiceDescriptor]) -> grpc.aio.Channel:
        """A channel to another service, in our name."""
        opened = rpc.channel(
            address,
            self.identity,
            audience,
            services,
            timeout=self._settings.rpc_timeout,
            tls=self._settings.tls,
        )
        return await self.stack.enter_async_context(opened)

    async def keep_doing(self, **work: Callable[[], Awaitable[None]]) -> None:
        """Background work, tried again when it fails."""
        await self.stack.enter_async_context(service.background(**work))

    async def open_doors(
        self,
        services: Sequence[tuple[ServiceDescriptor, rpc.Register]],
        routes: Sequence[BaseRoute] = (),
        *,
        consumers: Sequence[Consumer] = (),
    ) -> None:
        """HTTP for operators (and `routes`), gRPC for those that the methods' own rules let in.

        What `consumers` give up can be replayed by the admin command.
        """
        drain = self._settings.drain_seconds
        own = operations.OperationsServicer(self.db, self.readiness, consumers)
        operators = await self.stack.enter_async_context(ops.beside(self.readiness, self._settings.ops_listen))
        app = Starlette(routes=[*operators, *routes])
        await self.stack.enter_async_context(ops.serving_http(app, self._settings.http_listen, drain=drain))
        verifier = Verifier.load(self.name, self._settings.identity_public_keys_dir)
        register: rpc.Register = partial(add_OperationsServiceServicer_to_server, own)
        served = [*services, (operations.SERVICE, register)]
        serving = rpc.serving_grpc(self._settings.grpc_listen, verifier, served, drain=drain, tls=self._settings.tls)
        port = await self.stack.enter_async_context(serving)
        log.info("serving", grpc_port=port)

    async def until(self, stop: asyncio.Event) -> None:
        """Ready until `stop` is set, or until only a new process can reach NATS; from then on it is draining."""
        await self.bus.until(stop)
        self.readiness.draining = True
        log.info("draining")


@asynccontextmanager
async def standing(name: str, package: str, queries: Queries, settings: FloorSettings) -> AsyncIterator[Floor]:
    """Migrate, then open all that the service stands on; on leaving, everything is closed in reverse."""
    url = settings.database_url.get_secret_value()
    await asyncio.to_thread(migrate, url, package)
    async with AsyncExitStack() as stack:
        db = Database(url, queries, pool_size=settings.database_pool, statement_timeout=settings.statement_timeout)
        await db.open()
        stack.push_async_callback(db.close)
        bus = await Bus.connect(settings.nats_url.get_secret_value(), name)
        stack.push_async_callback(bus.close)
        identity = ServiceIdentity.load(name, settings.identity_key_file)
        readiness = ops.Readiness({"postgres": db.ready, "nats": bus.ready})
        yield Floor(name, db, bus, identity, readiness, stack, settings)


def run(name: str, settings: FloorSettings, serve: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """The whole life of the process: telemetry first, then `serve` until SIGTERM."""
    telemetry.set_up(
        name,
        log_format=settings.log_format,
        log_level=settings.log_level,
        otlp_endpoint=settings.otel_exporter_otlp_endpoint,
    )
    service.run(serve)
