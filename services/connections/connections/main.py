"""Wiring: builds connections from its settings and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from starlette.applications import Starlette

from connections.delivering import Delivering
from connections.gates import Gates
from connections.hearing import Hearing
from connections.notices import Expiry, Notices
from connections.probing import Probing
from connections.register import Register
from connections.servicer import ConnectionsServicer
from connections.settings import Settings
from connections.switches import Switches
from connections.watching import Watching
from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc, recipients_pb2, recipients_pb2_grpc
from ledgerport.connections.v1 import connections_pb2, connections_pb2_grpc
from ledgerport_libs import ops, rpc, service, telemetry
from ledgerport_libs.bus import CONNECTIONS, CREDENTIALS, RECORDS, Bus, Consumer, OutboxRelay
from ledgerport_libs.database import Database, Queries
from ledgerport_libs.identity import ServiceIdentity, Verifier
from ledgerport_libs.migrations import migrate

log = telemetry.logger("connections")

QUERIES = Queries.of("connections")
_AUTH_SERVICES = [
    credentials_pb2.DESCRIPTOR.services_by_name["CredentialsService"],
    recipients_pb2.DESCRIPTOR.services_by_name["RecipientsService"],
]


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run until `stop` is set, then finish what is under way."""
    telemetry.set_up(
        "connections",
        log_format=settings.log_format,
        log_level=settings.log_level,
        otlp_endpoint=settings.otel_exporter_otlp_endpoint,
    )
    database_url = settings.database_url.get_secret_value()
    await asyncio.to_thread(migrate, database_url, "connections")
    identity = ServiceIdentity.load("connections", settings.identity_key_file)
    async with AsyncExitStack() as stack:
        db = Database(
            database_url, QUERIES, pool_size=settings.database_pool, statement_timeout=settings.statement_timeout
        )
        await db.open()
        stack.push_async_callback(db.close)
        bus = await Bus.connect(settings.nats_url.get_secret_value(), "connections")
        stack.push_async_callback(bus.close)
        channel = rpc.channel(settings.auth_address, identity, "auth", _AUTH_SERVICES, timeout=settings.rpc_timeout)
        stack.push_async_callback(channel.close)
        auth = credentials_pb2_grpc.CredentialsServiceStub(channel)
        relay = OutboxRelay(db, bus, CONNECTIONS, retention_days=settings.outbox_retention_days)
        notices = Notices(settings.notice_channels)
        register = Register(db, relay.wake, notices)
        expiry = Expiry(db, notices)
        watching = Watching(db, settings.watch_life_seconds, settings.watchers_most)
        senders = stack.enter_context(ThreadPoolExecutor(settings.notices_at_once, "notices"))
        delivering = Delivering(db, recipients_pb2_grpc.RecipientsServiceStub(channel), settings, senders)
        gates = Gates(db, settings.lease_ms, settings.lease_margin_ms)
        switches = Switches(db, register, gates, auth, settings.revoke_retry_seconds)
        probing = Probing(db, register, auth, settings)
        hearing = Hearing(db, register)
        await stack.enter_async_context(
            service.background(
                outbox=relay.run,
                credentials=Consumer(bus, db, CREDENTIALS, "connections-credentials", hearing.credentials).run,
                records=Consumer(
                    bus, db, RECORDS, "connections-records", hearing.records, subject="records.v1.*.synced"
                ).run,
                probing=service.every(settings.probe_look_seconds, probing.look),
                revoking=service.every(1.0, switches.pay_what_is_owed),
                watching=service.every(settings.watch_look_seconds, watching.look),
                expiry=service.every(settings.expiry_look_seconds, expiry.look),
                notices=service.every(1.0, delivering.work_off),
            )
        )
        readiness = ops.Readiness({"postgres": db.ready, "nats": bus.ready})
        app = Starlette(routes=ops.routes(readiness))
        await stack.enter_async_context(ops.serving_http(app, settings.http_listen, drain=settings.drain_seconds))
        servicer = ConnectionsServicer(db, register, gates, switches, watching)
        port = await stack.enter_async_context(_serving(settings, servicer))
        log.info("serving", grpc_port=port)
        await stop.wait()
        readiness.draining = True
        watching.close()
        log.info("draining")


def _serving(settings: Settings, servicer: ConnectionsServicer) -> AbstractAsyncContextManager[int]:
    verifier = Verifier.load("connections", settings.identity_public_keys_dir)
    return rpc.serving_grpc(
        settings.grpc_listen,
        verifier,
        [
            (
                connections_pb2.DESCRIPTOR.services_by_name["ConnectionsService"],
                lambda server: connections_pb2_grpc.add_ConnectionsServiceServicer_to_server(servicer, server),
            )
        ],
        drain=settings.drain_seconds,
    )
