"""Wiring: builds connections from its settings and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from connections import operators_view
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
from ledgerport_libs import floor
from ledgerport_libs.bus import CONNECTIONS, CREDENTIALS, RECORDS, Consumer, OutboxRelay
from ledgerport_libs.database import Queries
from ledgerport_libs.looking import Looking
from ledgerport_libs.service import every

QUERIES = Queries.of("connections", "queries.sql", "operators.sql")
_AUTH_SERVICES = [
    credentials_pb2.DESCRIPTOR.services_by_name["CredentialsService"],
    recipients_pb2.DESCRIPTOR.services_by_name["RecipientsService"],
]


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run until `stop` is set, then finish what is under way."""
    async with floor.standing("connections", "connections", QUERIES, settings) as on:
        channel = await on.channel(settings.auth_address, "auth", _AUTH_SERVICES)
        auth = credentials_pb2_grpc.CredentialsServiceStub(channel)
        relay = OutboxRelay(on.db, on.bus, CONNECTIONS, retention_days=settings.outbox_retention_days)
        notices = Notices(settings.notice_channels)
        register = Register(on.db, relay.wake, notices)
        expiry = Expiry(on.db, notices)
        watching = Watching(on.db, settings.watch_life_seconds, settings.watchers_most)
        senders = on.stack.enter_context(ThreadPoolExecutor(settings.notices_at_once, "notices"))
        delivering = Delivering(on.db, recipients_pb2_grpc.RecipientsServiceStub(channel), settings, senders)
        gates = Gates(on.db, settings.lease_ms, settings.lease_margin_ms)
        switches = Switches(on.db, register, gates, auth, settings.revoke_retry_seconds)
        probing = Probing(on.db, register, auth, settings)
        hearing = Hearing(on.db, register)
        credentials = Consumer(on.bus, on.db, CREDENTIALS, "connections-credentials", hearing.credentials)
        records = Consumer(
            on.bus, on.db, RECORDS, "connections-records", hearing.records, subject="records.v1.*.synced"
        )
        await on.keep_doing(
            outbox=relay.run,
            credentials=credentials.run,
            records=records.run,
            probing=every(settings.probe_look_seconds, probing.look),
            revoking=every(1.0, switches.pay_what_is_owed),
            watching=every(settings.watch_look_seconds, watching.look),
            expiry=every(settings.expiry_look_seconds, expiry.look),
            looking=Looking(on.db, [credentials, records], operators_view.look, settings.look_seconds).run,
            notices=every(1.0, delivering.work_off),
        )
        servicer = ConnectionsServicer(on.db, register, gates, switches, watching)
        await on.open_doors(
            [
                (
                    connections_pb2.DESCRIPTOR.services_by_name["ConnectionsService"],
                    lambda server: connections_pb2_grpc.add_ConnectionsServiceServicer_to_server(servicer, server),
                )
            ],
            consumers=[credentials, records],
        )
        await on.until(stop)
        watching.close()
