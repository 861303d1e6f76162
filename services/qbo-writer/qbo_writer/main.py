"""Wiring only: settings, database, bus, the other services, QuickBooks, and what runs until SIGTERM."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import aiohttp
from starlette.applications import Starlette

from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc
from ledgerport.common.v1 import provider_pb2
from ledgerport.connections.v1 import connections_pb2, connections_pb2_grpc
from ledgerport.qbo_writer.v1 import records_pb2, records_pb2_grpc
from ledgerport_libs import bus as streams
from ledgerport_libs import ops, rpc, telemetry
from ledgerport_libs.access_tokens import AccessTokens
from ledgerport_libs.bus import Bus, Consumer, OutboxRelay
from ledgerport_libs.database import Database, Queries
from ledgerport_libs.identity import ServiceIdentity, Verifier
from ledgerport_libs.migrations import migrate
from ledgerport_libs.service import background, run
from ledgerport_libs.settings import load
from qbo_writer.company_books import CompanyBooks
from qbo_writer.delivery import Delivery
from qbo_writer.gate import Gate
from qbo_writer.intake import EntityIntake
from qbo_writer.quickbooks import QuickBooks
from qbo_writer.servicer import RecordsServicer
from qbo_writer.settings import Settings
from qbo_writer.throttle import Limits

NAME = "qbo-writer"
_AUTH = credentials_pb2.DESCRIPTOR.services_by_name["CredentialsService"]
_CONNECTIONS = connections_pb2.DESCRIPTOR.services_by_name["ConnectionsService"]
_RECORDS = records_pb2.DESCRIPTOR.services_by_name["RecordsService"]


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Everything this service is, until `stop` is set."""
    url = settings.database_url.get_secret_value()
    await asyncio.to_thread(migrate, url, "qbo_writer")
    async with AsyncExitStack() as stack:
        db = Database(
            url,
            Queries.of("qbo_writer"),
            pool_size=settings.database_pool,
            statement_timeout=settings.statement_timeout,
        )
        await db.open()
        stack.push_async_callback(db.close)
        bus = await Bus.connect(settings.nats_url.get_secret_value(), NAME)
        stack.push_async_callback(bus.close)
        identity = ServiceIdentity.load(NAME, settings.identity_key_file)
        auth = await stack.enter_async_context(
            rpc.channel(settings.auth_address, identity, "auth", [_AUTH], timeout=settings.rpc_timeout)
        )
        connections = await stack.enter_async_context(
            rpc.channel(
                settings.connections_address, identity, "connections", [_CONNECTIONS], timeout=settings.rpc_timeout
            )
        )
        session = await stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=settings.qbo_timeout, sock_connect=10))
        )

        wake = asyncio.Event()
        relay = OutboxRelay(db, bus, streams.RECORDS, retention_days=settings.outbox_retention_days)
        gate = Gate(connections_pb2_grpc.ConnectionsServiceStub(connections), wake.set)
        tokens = AccessTokens(credentials_pb2_grpc.CredentialsServiceStub(auth), provider_pb2.PROVIDER_QUICKBOOKS)
        limits = Limits(
            settings.qbo_requests_per_minute,
            settings.qbo_requests_per_second,
            settings.qbo_in_flight,
            settings.qbo_throttle_wait,
        )
        quickbooks = QuickBooks(session, str(settings.qbo_api_url), settings.qbo_minor_version, limits)
        books = CompanyBooks(db, quickbooks, settings.company_refresh_seconds)
        delivery = Delivery(db, gate, tokens, quickbooks, books, settings, wake, relay.wake)
        intake = EntityIntake(db, wake.set)
        consumer = Consumer(bus, db, streams.ENTITIES, "qbo-writer", intake.handle)

        readiness = ops.Readiness({"database": db.ready, "nats": bus.ready})
        servicer = RecordsServicer(db, wake.set)
        verifier = Verifier.load(NAME, settings.identity_public_keys_dir)
        await stack.enter_async_context(ops.serving_http(Starlette(routes=ops.routes(readiness)), settings.http_listen))
        await stack.enter_async_context(
            rpc.serving_grpc(
                settings.grpc_listen,
                verifier,
                [(_RECORDS, lambda server: records_pb2_grpc.add_RecordsServiceServicer_to_server(servicer, server))],
                drain=settings.drain_seconds,
            )
        )
        await stack.enter_async_context(
            background(
                outbox=relay.run,
                entities=consumer.run,
                gate=lambda: gate.watch(settings.gate_poll_seconds),
                delivery=delivery.run,
            )
        )
        telemetry.logger("main").info("ready")
        await stop.wait()
        readiness.draining = True
        await delivery.drain(settings.drain_seconds)


def main() -> None:
    settings = load(Settings)
    telemetry.set_up(
        NAME,
        log_format=settings.log_format,
        log_level=settings.log_level,
        otlp_endpoint=settings.otel_exporter_otlp_endpoint,
    )
    run(lambda stop: serve(settings, stop))
