"""Which store belongs to which Business, as auth tells it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC

from google.protobuf.message import DecodeError

from ledgerport.common.v1 import provider_pb2
from ledgerport.events.v1 import auth_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.bus import BadEvent, IncomingEvent
from ledgerport_libs.database import Database
from shopify_sync.known_stores import KnownStores
from shopify_sync.store_watch import StoreWatch

log = telemetry.logger("stores")


@dataclass(frozen=True, slots=True)
class Store:
    """A connected store. `zone` is its IANA time zone."""

    shop_domain: str
    business_id: str
    zone: str
    currency: str
    connected: bool


class StoreKeeper:
    """The handler of auth's events: newest credential version wins. `on_change` is called after each commit."""

    def __init__(self, db: Database, known: KnownStores, watch: StoreWatch, on_change: Callable[[], None]) -> None:
        self._db, self._known, self._watch, self._on_change = db, known, watch, on_change

    async def handle(self, events: Sequence[IncomingEvent]) -> None:
        for event in events:
            try:
                said = auth_pb2.CredentialEvent.FromString(event.payload)
            except DecodeError as error:
                raise BadEvent("this is no credential event") from error
            if said.provider == provider_pb2.PROVIDER_SHOPIFY:
                await self._fold(said)
        self._on_change()

    async def _fold(self, said: auth_pb2.CredentialEvent) -> None:
        match said.WhichOneof("what"):
            case "connected":
                await self._db.run(
                    "store_connected",
                    shop_domain=said.connected.shop_domain,
                    business_id=said.business_id,
                    shop_id=said.connected.account_id,
                    zone=said.connected.store_zone or "UTC",
                    currency=said.connected.currency,
                    version=said.version,
                    at=said.at.ToDatetime(tzinfo=UTC),
                )
                self._known.add(said.connected.shop_domain)
                self._watch.try_again(said.business_id)
                log.info("store_connected", shop=said.connected.shop_domain, business=said.business_id)
            case "refused" | "revoked":
                await self._db.run("store_lost", business_id=said.business_id, version=said.version)
                log.info("store_lost", business=said.business_id)
