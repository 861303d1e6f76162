"""What people see and steer, served over real gRPC on a real database, with a company that was read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import grpc
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.rpc import error_details_pb2, status_pb2

from ledgerport.common.v1 import access_pb2
from ledgerport.events.v2 import entity_pb2
from ledgerport.qbo_writer.v1 import (
    mapping_pb2,
    mapping_pb2_grpc,
    push_pb2,
    push_pb2_grpc,
    records_pb2,
    records_pb2_grpc,
    sync_config_pb2,
    sync_config_pb2_grpc,
)
from ledgerport_libs import rpc
from ledgerport_libs.database import Database
from ledgerport_libs.errors import Refused
from ledgerport_libs.identity import Person, ServiceIdentity, Verifier
from ledgerport_libs.migrations import migrate
from ledgerport_local.databases import TemplateDatabases
from qbo_writer.mapping_servicer import MappingServicer
from qbo_writer.push_servicer import PushServicer
from qbo_writer.servicer import RecordsServicer
from qbo_writer.statements import statements
from qbo_writer.sync_config_servicer import SyncConfigServicer

OURS, THEIRS = "business-1", "business-2"
_KEYS = {name: Ed25519PrivateKey.generate() for name in ("auth", "gateway")}
_ROLES = {
    "viewer": access_pb2.ROLE_VIEWER,
    "bookkeeper": access_pb2.ROLE_BOOKKEEPER,
    "admin": access_pb2.ROLE_ADMIN,
}
INFO = {"CompanyName": "Willow Books", "Country": "US"}
PREFERENCES: dict[str, Any] = {
    "AccountingInfoPrefs": {"BookCloseDate": "2025-12-31", "ClassTrackingPerTxnLine": True, "TrackDepartments": True},
    "SalesFormsPrefs": {"CustomTxnNumbers": True, "DefaultDiscountAccount": "86"},
    "TaxPrefs": {"UsingSalesTax": True},
    "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
}
TAX_RATES = [{"Id": "3", "RateValue": 8.25}, {"Id": "4", "RateValue": 20}, {"Id": "5", "RateValue": 5}]
TAX_CODES = [
    {"Id": "TAX", "Name": "TAX", "Active": True},
    {
        "Id": "2",
        "Name": "Austin",
        "Active": True,
        "SalesTaxRateList": {"TaxRateDetail": [{"TaxRateRef": {"value": "3"}}]},
    },
    {"Id": "6", "Name": "Elsewhere", "SalesTaxRateList": {"TaxRateDetail": [{"TaxRateRef": {"value": "4"}}]}},
]
# list|id|name|type|subtype|sku|email; an id that begins with a minus is inactive.
NAMES = """
Account|79|Sales of Product Income|Income|SalesOfProductIncome||
Account|82|Design income|Income|OtherPrimaryIncome||
Account|45|Delivery Income|Income|OtherPrimaryIncome||
Account|86|Discounts given|Income|DiscountsRefundsGiven||
Account|6|Refunds-Allowances|Income|DiscountsRefundsGiven||
Account|35|Checking|Bank|Checking||
Account|36|Stripe Clearing|Bank|CashOnHand||
Account|8|Bank Charges|Expense|BankCharges||
Account|84|Accounts Receivable (A/R)|Accounts Receivable|AccountsReceivable||
Account|43|Gift Card Liability|Other Current Liability|OtherCurrentLiabilities||
Account|90|Board of Equalization Payable|Other Current Liability|GlobalTaxPayable||
Account|-91|Old Shipping|Income|OtherPrimaryIncome||
Class|5000000000000007280|Online||||
Class|-5000000000000007281|Closed shop||||
Department|1|Austin||||
Item|1|Services|Service|||
Item|5|Rock Fountain|Inventory||ROCK-1|
Item|11|Pump|Inventory||PUMP-1|
Item|12|Garden|Category|||
Item|13|Bundle of two|Group|||
Item|14|Red Mug|NonInventory|||
Item|15|Blue Mug|NonInventory||TWICE|
Item|16|Green Mug|NonInventory||TWICE|
Item|-17|Old Mug|NonInventory||OLD-1|
Customer|1|Amy's Bird Sanctuary||||birds@intuit.com
Customer|2|Cool Cars||||cool@intuit.com, cars@intuit.com
Customer|8|Ocean View||||sporting@intuit.com
Customer|9|Twin Lane||||sporting@intuit.com
Customer|6|Dylan Sollfrank||||
Vendor|30|Books by Bessie||||
"""


_STUBS: tuple[tuple[Any, Any], ...] = (
    (mapping_pb2, mapping_pb2_grpc.MappingServiceStub),
    (sync_config_pb2, sync_config_pb2_grpc.SyncConfigServiceStub),
    (records_pb2, records_pb2_grpc.RecordsServiceStub),
    (push_pb2, push_pb2_grpc.PushServiceStub),
)


class Refusal(AssertionError):
    """A call was refused: with which status, in which words, and about which fields."""

    def __init__(self, failure: grpc.aio.AioRpcError) -> None:
        self.code, self.say = failure.code(), failure.details() or ""
        self.reason = ""
        self.fields: dict[str, str] = {}
        for key, value in failure.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                self._read(status_pb2.Status.FromString(value))
        super().__init__(f"{self.code}: {self.say} {self.fields}")

    def _read(self, status: Any) -> None:
        for detail in status.details:
            info, wrong = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            if detail.Unpack(info):
                self.reason = info.reason
            elif detail.Unpack(wrong):
                self.fields = {each.field: each.description for each in wrong.field_violations}


@dataclass
class Office:
    """The services, and the database behind them."""

    url: str
    db: Database
    port: int
    woken: list[str] = field(default_factory=list)
    # What "read the company now" does; tests replace it.
    readings: list[str] = field(default_factory=list)
    reads: bool = False

    async def call(self, request: Any, who: str = "admin", business: str = OURS) -> Any:
        """The answer to this request; Refusal where it is refused."""
        method = type(request).__name__.removesuffix("Request")
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            stub = next(made(channel) for messages, made in _STUBS if hasattr(messages, type(request).__name__))
            call = getattr(stub, method)(request, metadata=_proof(who, business), timeout=60)
            try:
                if method.startswith("Export"):
                    return b"".join([each.csv async for each in call])
                return await call
            except grpc.aio.AioRpcError as failure:
                raise Refusal(failure) from failure

    async def refused(self, request: Any, who: str = "admin", business: str = OURS) -> Refusal:
        try:
            answer = await self.call(request, who, business)
        except Refusal as refusal:
            return refusal
        raise AssertionError(f"it was taken: {answer}")

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def company(self, business: str = OURS, **preferences: Any) -> None:
        """The company as it would be after a reading."""
        told = PREFERENCES | preferences
        self.sql(
            "INSERT INTO company (business_id, realm_id, info, preferences, tax_codes, tax_rates, loaded_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, now() - interval '1 hour') ON CONFLICT (business_id) DO UPDATE"
            " SET preferences = EXCLUDED.preferences",
            business,
            f"realm of {business}",
            *(json.dumps(each) for each in (INFO, told, TAX_CODES, TAX_RATES)),
        )
        for line in NAMES.strip().splitlines():
            self.name(line, business)

    def name(self, line: str, business: str = OURS) -> None:
        list_name, qbo_id, name, kind, subtype, sku, email = line.strip(" ").split("|")
        self.sql(
            "INSERT INTO company_name (business_id, list, qbo_id, name, type, subtype, sku, email, active)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            *(business, list_name, qbo_id.lstrip("-"), name, kind, subtype, sku, email.strip(), qbo_id[0] != "-"),
        )

    def product(self, number: int, name: str, sku: str = "", **record: Any) -> str:
        return put_record(self.url, "product", number, name, sku, **record)

    def customer(self, number: int, name: str, email: str = "", **record: Any) -> str:
        return put_record(self.url, "customer", number, name, email, **record)

    def record(self, kind: str, source_id: str, reference: str, **record: Any) -> str:
        return put_record(self.url, kind, source_id, reference, **record)

    def status(self, source_id: str) -> tuple[str, str]:
        """A record's status and reason."""
        [found] = self.sql("SELECT status, reason FROM record WHERE source_id = %s", source_id)
        return found[0], found[1]

    async def read_now(self, business: str) -> None:
        self.readings.append(business)
        if not self.reads:
            raise Refused("not connected", say="QuickBooks is not connected.", reason="NOT_CONNECTED")
        self.company(business)


def put_record(
    url: str,
    kind: str,
    source: int | str,
    reference: str,
    detail: str = "",
    *,
    status: str = "pending",
    reason: str = "",
    document: str = "",
    business: str = OURS,
) -> str:
    """A record as intake and delivery leave it; its source id. `detail` is a SKU or an e-mail address."""
    events = {
        "product": entity_pb2.EntityEvent(variant=entity_pb2.Variant(product_title=reference, sku=detail)),
        "customer": entity_pb2.EntityEvent(customer=entity_pb2.Customer(display_name=reference, email=detail)),
    }
    named = {"product": "ProductVariant", "customer": "Customer"}
    source_id = f"gid://shopify/{named[kind]}/{source}" if isinstance(source, int) else source
    record_id = uuid5(NAMESPACE_URL, f"{business}|{kind}|{source_id}")
    payload = events.get(kind, entity_pb2.EntityEvent()).SerializeToString()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO record (id, business_id, kind, source_id, reference, source_updated_at, observed_at,"
            " content_hash, payload, status, reason) VALUES (%s, %s, %s, %s, %s, now(), now(), '', %s, %s, %s)",
            (record_id, business, kind, source_id, reference, payload, status, reason),
        )
        if document:
            entity = {"product": "Item", "customer": "Customer"}.get(kind, "Account")
            connection.execute(
                "INSERT INTO document (record_id, business_id, entity, qbo_id, sync_token, body_hash, ours)"
                " VALUES (%s, %s, %s, %s, '0', '', false)",
                (record_id, business, entity, document),
            )
    return source_id


def _proof(who: str, business: str) -> tuple[tuple[str, str], ...]:
    gateway, auth = (ServiceIdentity(name, _KEYS[name]) for name in ("gateway", "auth"))
    person = Person(f"u-{who}", f"{who}@x.test", business, _ROLES[who], "s")
    token = gateway.token_for("qbo-writer")
    return (("authorization", f"Bearer {token}"), (rpc.PERSON_METADATA, auth.token_of_person(person)[0]))


def _migrated(url: str) -> None:
    migrate(url, "qbo_writer")


@asynccontextmanager
async def opened(server: TemplateDatabases) -> AsyncIterator[Office]:
    """An office on a database of its own."""
    with server.clone(server.template("writer", _migrated)) as url:
        db = Database(url, statements(), pool_size=4)
        await db.open()
        office = Office(url, db, 0)
        wake = lambda: office.woken.append("woken")  # noqa: E731
        settings, mappings = SyncConfigServicer(db, wake, office.read_now), MappingServicer(db, wake)
        records, pushes = RecordsServicer(db, wake), PushServicer(db, wake)
        services = [
            (
                sync_config_pb2.DESCRIPTOR.services_by_name["SyncConfigService"],
                lambda to: sync_config_pb2_grpc.add_SyncConfigServiceServicer_to_server(settings, to),
            ),
            (
                mapping_pb2.DESCRIPTOR.services_by_name["MappingService"],
                lambda to: mapping_pb2_grpc.add_MappingServiceServicer_to_server(mappings, to),
            ),
            (
                records_pb2.DESCRIPTOR.services_by_name["RecordsService"],
                lambda to: records_pb2_grpc.add_RecordsServiceServicer_to_server(records, to),
            ),
            (
                push_pb2.DESCRIPTOR.services_by_name["PushService"],
                lambda to: push_pb2_grpc.add_PushServiceServicer_to_server(pushes, to),
            ),
        ]
        verifier = Verifier("qbo-writer", {name: key.public_key() for name, key in _KEYS.items()})
        try:
            async with rpc.serving_grpc("127.0.0.1:0", verifier, services, drain=0) as office.port:
                yield office
        finally:
            await db.close()
