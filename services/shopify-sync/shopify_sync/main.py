"""Wiring only: auth, Shopify, the webhook edge, and what runs until SIGTERM."""

from __future__ import annotations

import asyncio

import aiohttp

from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc
from ledgerport.common.v1 import provider_pb2
from ledgerport.shopify_sync.v1 import (
    history_import_pb2,
    history_import_pb2_grpc,
    intake_pb2,
    intake_pb2_grpc,
    refetch_pb2,
    refetch_pb2_grpc,
)
from ledgerport_libs import bus as streams
from ledgerport_libs import floor
from ledgerport_libs.access_tokens import AccessTokens
from ledgerport_libs.bus import Consumer, OutboxRelay
from ledgerport_libs.database import Queries
from ledgerport_libs.looking import Looking
from ledgerport_libs.service import every
from ledgerport_libs.settings import load
from shopify_sync import operators_view
from shopify_sync.back_pressure import BackPressure
from shopify_sync.bulk_export import BulkExports
from shopify_sync.catch_up import CatchUp
from shopify_sync.cost_bucket import Lane
from shopify_sync.fetching import Fetching
from shopify_sync.import_desk import ImportDesk
from shopify_sync.import_servicer import HistoryImportServicer
from shopify_sync.imports import Imports
from shopify_sync.inbox import Inbox
from shopify_sync.known_stores import KnownStores
from shopify_sync.objects import Objects
from shopify_sync.own_connection import OwnConnection
from shopify_sync.privacy import Privacy
from shopify_sync.refetching import RefetchServicer
from shopify_sync.servicer import IntakeServicer
from shopify_sync.settings import Settings
from shopify_sync.shopify_admin import ShopifyAdmin
from shopify_sync.store_watch import StoreWatch
from shopify_sync.stores import StoreKeeper
from shopify_sync.subscriptions import Subscriptions
from shopify_sync.webhooks import WebhookEdge

NAME = "shopify-sync"
_AUTH = credentials_pb2.DESCRIPTOR.services_by_name["CredentialsService"]
_INTAKE = intake_pb2.DESCRIPTOR.services_by_name["IntakeService"]
_IMPORT = history_import_pb2.DESCRIPTOR.services_by_name["HistoryImportService"]
_REFETCH = refetch_pb2.DESCRIPTOR.services_by_name["RefetchService"]
_SQL = ("queries.sql", "operators.sql")
_LOOK = 1.0
_PRUNE = 3600.0


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Everything this service is, until `stop` is set."""
    queries, url = Queries.of("shopify_sync", *_SQL), settings.database_url.get_secret_value()
    async with floor.standing(NAME, "shopify_sync", queries, settings) as on:
        auth = credentials_pb2_grpc.CredentialsServiceStub(await on.channel(settings.auth_address, "auth", [_AUTH]))
        session = await on.stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=settings.shopify_timeout))
        )
        tokens = AccessTokens(auth, provider_pb2.PROVIDER_SHOPIFY)
        watch = StoreWatch(on.db, settings.refusal_rest)
        admin = ShopifyAdmin(session, tokens, watch, settings)
        relay = OutboxRelay(on.db, on.bus, streams.ENTITIES, retention_days=settings.outbox_retention_days)
        fetching = Fetching(on.db, Objects(admin), auth, watch, settings, relay.wake)
        catch_up = CatchUp(on.db, admin, settings, fetching.wake)
        subscriptions = Subscriptions(on.db, admin, settings)
        inbox = Inbox(OwnConnection(url, queries, timeout=settings.webhook_commit_timeout), settings, fetching.wake)
        privacy = Privacy(on.db, relay.wake)
        known = KnownStores(on.db, settings.webhook_commit_timeout)
        await known.load()
        keeper = StoreKeeper(on.db, known, watch, fetching.wake)
        consumer = Consumer(on.bus, on.db, streams.CREDENTIALS, "shopify-sync", keeper.handle)
        history = admin.in_lane(Lane.HISTORY)
        pressure = BackPressure(on.db, on.bus, settings.import_events_waiting)
        exports = BulkExports(history, session)
        imports = Imports(on.db, history, exports, pressure, settings, relay.wake)
        servicer = IntakeServicer(on.db, watch, settings, fetching.wake)
        import_servicer = HistoryImportServicer(ImportDesk(on.db, admin, exports, settings, imports.wake))
        await on.keep_doing(
            outbox=relay.run,
            stores=consumer.run,
            inbox=inbox.run,
            fetching=fetching.run,
            imports=imports.run,
            catch_up=every(_LOOK, catch_up.pass_over_due_stores),
            subscriptions=every(_LOOK, subscriptions.look_after_due_stores),
            privacy=every(_LOOK, privacy.work_off),
            looking=Looking(on.db, [consumer], operators_view.look, settings.look_seconds).run,
            pruning=every(_PRUNE, lambda: on.db.run("webhooks_prune")),
        )
        refetch = RefetchServicer(on.db, fetching.wake)
        await on.open_doors(
            [
                (_REFETCH, lambda to: refetch_pb2_grpc.add_RefetchServiceServicer_to_server(refetch, to)),
                (_INTAKE, lambda server: intake_pb2_grpc.add_IntakeServiceServicer_to_server(servicer, server)),
                (
                    _IMPORT,
                    lambda server: history_import_pb2_grpc.add_HistoryImportServiceServicer_to_server(
                        import_servicer, server
                    ),
                ),
            ],
            [WebhookEdge(inbox, known, settings).route()],
            consumers=[consumer],
        )
        await on.until(stop)


def main() -> None:
    settings = load(Settings)
    floor.run(NAME, settings, lambda stop: serve(settings, stop))
