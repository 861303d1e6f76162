"""Wiring only: auth, connections, QuickBooks, delivery, and what runs until SIGTERM."""

from __future__ import annotations

import asyncio

import aiohttp

from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc
from ledgerport.common.v1 import provider_pb2
from ledgerport.connections.v1 import connections_pb2, connections_pb2_grpc
from ledgerport.qbo_writer.v1 import (
    mapping_pb2,
    mapping_pb2_grpc,
    preview_pb2,
    preview_pb2_grpc,
    push_pb2,
    push_pb2_grpc,
    records_pb2,
    records_pb2_grpc,
    sync_config_pb2,
    sync_config_pb2_grpc,
    writers_pb2,
    writers_pb2_grpc,
)
from ledgerport_libs import bus as streams
from ledgerport_libs import floor
from ledgerport_libs.access_tokens import AccessTokens
from ledgerport_libs.bus import Consumer, OutboxRelay
from ledgerport_libs.looking import Looking
from ledgerport_libs.service import every
from ledgerport_libs.settings import load
from qbo_writer.company_books import CompanyBooks
from qbo_writer.delivery import Delivery
from qbo_writer.gate import Gate
from qbo_writer.intake import EntityIntake
from qbo_writer.mapping_servicer import MappingServicer
from qbo_writer.operators_view import view
from qbo_writer.preview_servicer import PreviewServicer
from qbo_writer.push_servicer import PushServicer
from qbo_writer.quickbooks import QuickBooks, Unreachable
from qbo_writer.servicer import RecordsServicer
from qbo_writer.settings import Settings
from qbo_writer.statements import statements
from qbo_writer.sync_config_servicer import SyncConfigServicer
from qbo_writer.throttle import Limits
from qbo_writer.writers import WritersServicer

NAME = "qbo-writer"
_TOKEN_REFUSED = 401
_SHOW_LIMITS = 5.0
_AUTH = credentials_pb2.DESCRIPTOR.services_by_name["CredentialsService"]
_CONNECTIONS = connections_pb2.DESCRIPTOR.services_by_name["ConnectionsService"]
_RECORDS = records_pb2.DESCRIPTOR.services_by_name["RecordsService"]
_SYNC_CONFIG = sync_config_pb2.DESCRIPTOR.services_by_name["SyncConfigService"]
_PREVIEW = preview_pb2.DESCRIPTOR.services_by_name["PreviewService"]
_PUSH = push_pb2.DESCRIPTOR.services_by_name["PushService"]
_WRITERS = writers_pb2.DESCRIPTOR.services_by_name["WritersService"]
_MAPPING = mapping_pb2.DESCRIPTOR.services_by_name["MappingService"]


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Everything this service is, until `stop` is set."""
    async with floor.standing(NAME, "qbo_writer", statements(), settings) as on:
        auth = await on.channel(settings.auth_address, "auth", [_AUTH])
        connections = await on.channel(settings.connections_address, "connections", [_CONNECTIONS])
        session = await on.stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=settings.qbo_timeout, sock_connect=10))
        )
        wake = asyncio.Event()
        relay = OutboxRelay(on.db, on.bus, streams.RECORDS, retention_days=settings.outbox_retention_days)
        gate = Gate(connections_pb2_grpc.ConnectionsServiceStub(connections), wake.set)
        tokens = AccessTokens(credentials_pb2_grpc.CredentialsServiceStub(auth), provider_pb2.PROVIDER_QUICKBOOKS)
        quickbooks = QuickBooks(session, str(settings.qbo_api_url), settings.qbo_minor_version, _limits(settings))
        books = CompanyBooks(on.db, quickbooks, settings.company_refresh_seconds)
        delivery = Delivery(on.db, gate, tokens, quickbooks, books, settings, wake, relay.wake)
        consumer = Consumer(on.bus, on.db, streams.ENTITIES, "qbo-writer", EntityIntake(on.db, wake.set).handle)

        def decided() -> None:
            wake.set()
            relay.wake()

        records = RecordsServicer(on.db, decided)
        sync_config = SyncConfigServicer(on.db, wake.set, lambda business_id: _read_now(books, tokens, business_id))
        mapping = MappingServicer(on.db, wake.set)
        previews = PreviewServicer(on.db, books)
        writers = WritersServicer(on.db, settings.lease_seconds)
        pushes = PushServicer(on.db, wake.set)
        await on.open_doors(
            [
                (_RECORDS, lambda to: records_pb2_grpc.add_RecordsServiceServicer_to_server(records, to)),
                (
                    _SYNC_CONFIG,
                    lambda to: sync_config_pb2_grpc.add_SyncConfigServiceServicer_to_server(sync_config, to),
                ),
                (_PREVIEW, lambda to: preview_pb2_grpc.add_PreviewServiceServicer_to_server(previews, to)),
                (_PUSH, lambda to: push_pb2_grpc.add_PushServiceServicer_to_server(pushes, to)),
                (_MAPPING, lambda to: mapping_pb2_grpc.add_MappingServiceServicer_to_server(mapping, to)),
                (_WRITERS, lambda to: writers_pb2_grpc.add_WritersServiceServicer_to_server(writers, to)),
            ],
            consumers=[consumer],
        )
        await on.keep_doing(
            outbox=relay.run,
            entities=consumer.run,
            gate=lambda: gate.watch(settings.gate_poll_seconds),
            delivery=delivery.run,
            limits=every(_SHOW_LIMITS, delivery.show_limits),
            looking=Looking(
                on.db, [consumer], view(lambda: gate.open_companies, settings.lease_seconds), settings.look_seconds
            ).run,
        )
        await on.until(stop)
        await delivery.drain(settings.drain_seconds)


async def _read_now(books: CompanyBooks, tokens: AccessTokens, business_id: str) -> None:
    """Reading is no write: it asks no gate. A token that QuickBooks refuses is asked for anew, once."""
    access = await tokens.access(business_id)
    try:
        await books.load(business_id, access, afresh=True)
    except Unreachable as trouble:
        if trouble.answer.status != _TOKEN_REFUSED:
            raise
        await books.load(business_id, await tokens.access(business_id, refused=access), afresh=True)


def _limits(settings: Settings) -> Limits:
    return Limits(
        settings.qbo_requests_per_minute,
        settings.qbo_requests_per_second,
        settings.qbo_in_flight,
        settings.qbo_batches_per_minute,
        settings.qbo_throttle_wait,
    )


def main() -> None:
    settings = load(Settings)
    floor.run(NAME, settings, lambda stop: serve(settings, stop))
