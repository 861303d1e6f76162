"""Wiring: builds auth from its settings and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from google.protobuf.descriptor import ServiceDescriptor

from auth import operators_view
from auth.accounts import Accounts
from auth.api_tokens import ApiTokens
from auth.health import Health
from auth.http_calls import HttpCalls
from auth.intuit import Discovery, Intuit, IntuitApp
from auth.issuing import Issuing
from auth.mail import Mail
from auth.members import Members
from auth.oidc import OpenIdProvider
from auth.passwords import Passwords
from auth.people import People
from auth.people_servicer import ApiTokensServicer, PeopleDesks, PeopleServicer
from auth.quickbooks_connecting import QuickBooksConnecting
from auth.recipients import RecipientsServicer
from auth.resets import Resets
from auth.revoking import Revoking
from auth.sealing import KeyRing
from auth.sealing_servicer import SealingServicer
from auth.servicer import CredentialsServicer
from auth.sessions import Sessions
from auth.settings import Settings
from auth.shopify import Shopify, ShopifyApp
from auth.shopify_connecting import ShopifyConnecting
from auth.sign_on import SignOn
from auth.states import States
from auth.tries import Tries
from auth.vault import Vault
from ledgerport.auth.v1 import (
    api_tokens_pb2,
    api_tokens_pb2_grpc,
    credentials_pb2,
    credentials_pb2_grpc,
    people_pb2,
    people_pb2_grpc,
    recipients_pb2,
    recipients_pb2_grpc,
    sealing_pb2,
    sealing_pb2_grpc,
)
from ledgerport_libs import floor, rpc
from ledgerport_libs.bus import CREDENTIALS, OutboxRelay
from ledgerport_libs.database import Database, Queries
from ledgerport_libs.identity import ServiceIdentity
from ledgerport_libs.looking import Looking
from ledgerport_libs.service import every

QUERIES = Queries.of(
    "auth", "people.sql", "sign_on.sql", "api_tokens.sql", "credentials.sql", "resealing.sql", "operators.sql"
)


class Desks:
    """Everything auth does, put together over an open database; nothing here listens or loops."""

    def __init__(self, settings: Settings, db: Database, threads: ThreadPoolExecutor, relay: OutboxRelay) -> None:
        calls = HttpCalls(threads, settings.provider_connect_timeout, settings.provider_timeout)
        self.discovery = Discovery(settings.intuit_discovery_url, calls)
        self.intuit = Intuit(_intuit_app(settings), self.discovery, calls)
        self.shopify = Shopify(_shopify_app(settings), calls)
        self.ring = KeyRing.load(settings.sealing_keys_file)
        vault, wake = Vault(self.ring), relay.wake
        self.recipients = RecipientsServicer(db)
        self.sealing = SealingServicer(db, self.ring)
        accounts = Accounts(self.intuit, self.shopify)
        self.mail = Mail(settings, threads)
        self.sessions, self.members, tries = Sessions(db, settings), Members(db, settings), Tries(db)
        passwords = Passwords()
        self.people = People(db, passwords, self.sessions, self.members, tries, settings)
        self.resets = Resets(db, passwords, self.people, self.sessions, tries, self.mail, settings)
        self.provider = OpenIdProvider(settings, calls)
        self.sign_on = SignOn(db, self.provider, self.sessions, self.members, settings)
        self.api_tokens = ApiTokens(db, settings)
        self.states = States(db, settings.oauth_state_seconds)
        self.revoking = Revoking(db, vault, self.intuit, settings.provider_timeout, wake)
        self.quickbooks = QuickBooksConnecting(db, self.states, self.people, vault, self.intuit, self.revoking, wake)
        self.shopify_connecting = ShopifyConnecting(
            db, self.states, self.people, vault, self.shopify, settings.callback_freshness_seconds, wake
        )
        self.issuing = Issuing(db, vault, accounts, settings, wake)
        self.health = Health(db, vault, accounts, self.issuing, settings, wake)

    async def follow_key_ring(self) -> None:
        """A ring that was changed by the operator holds from now on."""
        self.ring.follow()

    async def housekeeping(self) -> None:
        """What has ended is forgotten; what is idle is kept alive."""
        await self.people.prune()
        await self.states.prune()
        await self.health.prune()
        await self.health.keep_alive()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run until `stop` is set, then finish what is under way."""
    async with floor.standing("auth", "auth", QUERIES, settings) as on:
        threads = on.stack.enter_context(ThreadPoolExecutor(settings.provider_threads, "provider"))
        relay = OutboxRelay(on.db, on.bus, CREDENTIALS, retention_days=settings.outbox_retention_days)
        desks = Desks(settings, on.db, threads, relay)
        await on.keep_doing(
            outbox=relay.run,
            discovery=every(settings.discovery_refresh_seconds, desks.discovery.refresh),
            housekeeping=every(settings.housekeeping_seconds, desks.housekeeping),
            revoking=every(1.0, desks.revoking.work_off),
            mail=desks.mail.run,
            looking=Looking(on.db, [], operators_view.look, settings.look_seconds).run,
            key_ring=every(1.0, desks.follow_key_ring),
        )
        await on.open_doors(_doors(settings, desks, on.identity))
        await on.until(stop)


def _doors(settings: Settings, desks: Desks, identity: ServiceIdentity) -> list[tuple[ServiceDescriptor, rpc.Register]]:
    people = PeopleServicer(_people_desks(settings, desks), identity)
    api_tokens = ApiTokensServicer(desks.api_tokens, identity)
    credentials = CredentialsServicer(
        desks.quickbooks, desks.shopify_connecting, desks.issuing, desks.revoking, desks.health
    )
    return [
        (
            people_pb2.DESCRIPTOR.services_by_name["PeopleService"],
            lambda server: people_pb2_grpc.add_PeopleServiceServicer_to_server(people, server),
        ),
        (
            api_tokens_pb2.DESCRIPTOR.services_by_name["ApiTokensService"],
            lambda server: api_tokens_pb2_grpc.add_ApiTokensServiceServicer_to_server(api_tokens, server),
        ),
        (
            credentials_pb2.DESCRIPTOR.services_by_name["CredentialsService"],
            lambda server: credentials_pb2_grpc.add_CredentialsServiceServicer_to_server(credentials, server),
        ),
        (
            sealing_pb2.DESCRIPTOR.services_by_name["SealingService"],
            lambda server: sealing_pb2_grpc.add_SealingServiceServicer_to_server(desks.sealing, server),
        ),
        (
            recipients_pb2.DESCRIPTOR.services_by_name["RecipientsService"],
            lambda server: recipients_pb2_grpc.add_RecipientsServiceServicer_to_server(desks.recipients, server),
        ),
    ]


def _people_desks(settings: Settings, desks: Desks) -> PeopleDesks:
    return PeopleDesks(
        settings=settings,
        people=desks.people,
        sessions=desks.sessions,
        members=desks.members,
        resets=desks.resets,
        provider=desks.provider,
        sign_on=desks.sign_on,
        api_tokens=desks.api_tokens,
        mail=desks.mail,
    )


def _intuit_app(settings: Settings) -> IntuitApp:
    return IntuitApp(
        client_id=settings.intuit_client_id,
        client_secret=settings.intuit_client_secret.get_secret_value(),
        redirect_uri=settings.quickbooks_redirect,
        api_url=settings.qbo_api_url,
        minor_version=settings.qbo_minor_version,
    )


def _shopify_app(settings: Settings) -> ShopifyApp:
    return ShopifyApp(
        client_id=settings.shopify_client_id,
        client_secret=settings.shopify_client_secret.get_secret_value(),
        redirect_uri=settings.shopify_redirect,
        scopes=settings.shopify_scopes,
        admin_url=settings.shopify_admin_url,
        api_version=settings.shopify_api_version,
    )
