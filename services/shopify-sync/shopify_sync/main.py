"""Wiring only: settings, database, bus, auth, Shopify, the webhook edge, and what runs until SIGTERM."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import aiohttp
from starlette.applications import Starlette

from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc
from ledgerport.common.v1 import provider_pb2
from ledgerport.shopify_sync.v1 import intake_pb2, intake_pb2_grpc
from ledgerport_libs import bus as streams
from ledgerport_libs import ops, rpc, telemetry
from ledgerport_libs.access_tokens import AccessTokens
from ledgerport_libs.bus import Bus, Consumer, OutboxRelay
from ledgerport_libs.database import Database, Queries
from ledgerport_libs.identity import ServiceIdentity, Verifier
from ledgerport_libs.migrations import migrate
from ledgerport_libs.service import background, every, run
from ledgerport_libs.settings import load
from shopify_sync.catch_up import CatchUp
from shopify_sync.fetching import Fetching
from shopify_sync.objects import Objects
from shopify_sync.privacy import Privacy
from shopify_sync.servicer import IntakeServicer
from shopify_sync.settings import Settings
from shopify_sync.shopify_admin import ShopifyAdmin
from shopify_sync.stores import StoreKeeper
from shopify_sync.subscriptions import Subscriptions
from shopify_sync.webhooks import Inbox, WebhookEdge

NAME = "shopify-sync"
_AUTH = credentials_pb2.DESCRIPTOR.services_by_name["CredentialsService"]
_INTAKE = intake_pb2.DESCRIPTOR.services_by_name["IntakeService"]
_LOOK = 1.0
_PRUNE = 3600.0


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Everything this service is, until `stop` is set."""
    url = settings.database_url.get_secret_value()
    await asyncio.to_thread(migrate, url, "shopify_sync")
    async with AsyncExitStack() as stack:
        db = Database(
            url,
            Queries.of("shopify_sync"),
            pool_size=settings.database_pool,
            statement_timeout=settings.statement_timeout,
        )
        await db.open()
        stack.push_async_callback(db.close)
        bus = await Bus.connect(settings.nats_url.get_secret_value(), NAME)
        stack.push_async_callback(bus.close)
        identity = ServiceIdentity.load(NAME, settings.identity_key_file)
        auth_channel = await stack.enter_async_context(
            rpc.channel(settings.auth_address, identity, "auth", [_AUTH], timeout=settings.rpc_timeout)
        )
        auth = credentials_pb2_grpc.CredentialsServiceStub(auth_channel)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=settings.shopify_timeout))
        )

        tokens = AccessTokens(auth, provider_pb2.PROVIDER_SHOPIFY)
        admin = ShopifyAdmin(session, settings.shopify_admin_url, settings.shopify_api_version, tokens)
        relay = OutboxRelay(db, bus, streams.ENTITIES, retention_days=settings.outbox_retention_days)
        fetching = Fetching(db, Objects(admin), auth, settings, relay.wake)
        catch_up = CatchUp(db, admin, settings, fetching.wake)
        subscriptions = Subscriptions(db, admin, settings)
        inbox = Inbox(db, settings.webhook_queue, fetching.wake)
        privacy = Privacy(db, relay.wake)
        keeper = StoreKeeper(db, fetching.wake)
        consumer = Consumer(bus, db, streams.CREDENTIALS, "shopify-sync", keeper.handle)

        readiness = ops.Readiness({"database": db.ready, "nats": bus.ready})
        app = Starlette(routes=[*ops.routes(readiness), WebhookEdge(db, inbox, settings).route()])
        servicer = IntakeServicer(db, fetching.wake)
        verifier = Verifier.load(NAME, settings.identity_public_keys_dir)
        await stack.enter_async_context(
            background(
                outbox=relay.run,
                stores=consumer.run,
                inbox=inbox.run,
                fetching=fetching.run,
                catch_up=every(_LOOK, catch_up.pass_over_due_stores),
                subscriptions=every(_LOOK, subscriptions.look_after_due_stores),
                privacy=every(_LOOK, privacy.work_off),
                pruning=every(_PRUNE, lambda: db.run("webhooks_prune")),
            )
        )
        await stack.enter_async_context(ops.serving_http(app, settings.http_listen, drain=settings.drain_seconds))
        await stack.enter_async_context(
            rpc.serving_grpc(
                settings.grpc_listen,
                verifier,
                [(_INTAKE, lambda server: intake_pb2_grpc.add_IntakeServiceServicer_to_server(servicer, server))],
                drain=settings.drain_seconds,
            )
        )
        telemetry.logger("main").info("ready")
        await stop.wait()
        readiness.draining = True


def main() -> None:
    settings = load(Settings)
    telemetry.set_up(
        NAME,
        log_format=settings.log_format,
        log_level=settings.log_level,
        otlp_endpoint=settings.otel_exporter_otlp_endpoint,
    )
    run(lambda stop: serve(settings, stop))
