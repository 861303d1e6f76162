"""A privacy request: the person is blanked in the records and attempts, the books and their ledger stay."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.bus import IncomingEvent
from ledgerport_libs.database import Database, Queries
from ledgerport_libs.migrations import migrate
from ledgerport_local.databases import TemplateDatabases
from qbo_writer.intake import EntityIntake, record_id
from qbo_writer_testing.shop import BUSINESS, line, order, refund

CUSTOMER = "gid://shopify/Customer/7"
ORDER, OTHER = "gid://shopify/Order/1", "gid://shopify/Order/2"
JANE = entity_pb2.Customer(
    first_name="Jane", last_name="Roe", email="jane@private.test", phone="+15550100", company="Roe & Co"
)
HOME = entity_pb2.Address(
    line1="1 Secret St", city="Hidden", postal_code="Z9Z-QX7", province_code="CA", country_code="US"
)


@pytest.fixture
def url() -> Iterator[str]:
    with TemplateDatabases() as databases, databases.clone(databases.template("writer", _migrated)) as made:
        yield made


def bought(source_id: str, customer_id: str = CUSTOMER) -> IncomingEvent:
    state = order(
        line(1, "10.80"),
        guest=True,
        email="jane@private.test",
        billing_address=HOME,
        shipping_address=HOME,
        company=entity_pb2.Company(name="Roe & Co"),
        refunds=[refund(1, note="Jane did not like it")],
    )
    state.customer_id = customer_id
    state.customer.CopyFrom(JANE)
    event = entity_pb2.EntityEvent(business_id=BUSINESS, source_id=source_id, order=state)
    event.version.updated_at.FromDatetime(datetime(2026, 11, 2, tzinfo=UTC))
    event.version.observed_at.FromDatetime(datetime(2026, 11, 2, tzinfo=UTC))
    event.version.content_hash = source_id.encode()
    return IncomingEvent(source_id, f"entities.v2.{BUSINESS}.order", event.SerializeToString(), "")


def _migrated(url: str) -> None:
    migrate(url, "qbo_writer")


def played(url: str, *batches: list[IncomingEvent]) -> None:
    async def play() -> None:
        db = Database(url, Queries.of("qbo_writer"))
        await db.open()
        try:
            for batch in batches:
                await EntityIntake(db, lambda: None).handle(batch)
        finally:
            await db.close()

    asyncio.run(play())


def found(url: str, kind: str, source_id: str) -> dict[str, Any]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        query = (
            "SELECT reference, total_minor, currency, status, revision, content_hash, source_updated_at::text, payload "
            "FROM record WHERE kind = %s AND source_id = %s"
        )
        row = connection.execute(query, (kind, source_id)).fetchone()
    assert row is not None
    return row


def redacted(*ids: str, customer: str = CUSTOMER) -> IncomingEvent:
    event = entity_pb2.EntityEvent(
        business_id=BUSINESS, source_id=customer, redacted=entity_pb2.Redacted(source_ids=ids)
    )
    return IncomingEvent("r1", f"entities.v2.{BUSINESS}.redacted", event.SerializeToString(), "")


def dump(url: str) -> str:
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        rows = [connection.execute(f"SELECT t::text FROM {name} t").fetchall() for (name,) in tables.fetchall()]  # noqa: S608
    return str(rows)


def attempt(url: str, of: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO attempt (id, business_id, record_id, operation, outcome, qbo_id, sentence, request, response) "
            "VALUES (gen_random_uuid(), %s, %s, 'create', 'synced', '42', 'Booked for Jane.', '{Jane}', '{Jane}')",
            (BUSINESS, record_id(BUSINESS, "order", of)),
        )
        connection.execute(
            "INSERT INTO push_run (id, business_id, started_by, asked)"
            """ VALUES (gen_random_uuid(), %s, 'b@x.test', '{"all_of": {"text": "Jane", "kind": 3}}')""",
            (BUSINESS,),
        )


def names_jane(text: str) -> list[str]:
    told = ("Jane", "Roe", "private.test", "15550100", "Secret", "Hidden", "Z9Z-QX7")
    return [word for word in told if word in text or word.encode().hex() in text]


def test_names_and_addresses_are_blanked_and_amounts_numbers_and_documents_stay(url: str) -> None:
    played(url, [bought(ORDER), bought(OTHER)])
    attempt(url, ORDER)
    assert names_jane(dump(url))
    before = found(url, "order", ORDER)
    played(url, [redacted(CUSTOMER, ORDER)])  # the second order is found by its customer
    assert names_jane(dump(url)) == []
    after = found(url, "order", ORDER)
    kept = ("reference", "total_minor", "currency", "status", "revision", "content_hash", "source_updated_at")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    order = entity_pb2.EntityEvent.FromString(after["payload"]).order
    assert order.customer_id == CUSTOMER
    assert order.totals == entity_pb2.EntityEvent.FromString(before["payload"]).order.totals
    assert (order.shipping_address.province_code, order.shipping_address.country_code) == ("CA", "US")
    assert found(url, "customer", CUSTOMER)["reference"] == "Shopify customer 7"
    with psycopg.connect(url) as connection:
        told = connection.execute("SELECT outcome, qbo_id, request, response FROM attempt").fetchall()
    assert told == [("synced", "42", "", "")]


def test_a_redaction_repeated_changes_nothing_more_and_older_events_bring_nothing_back(url: str) -> None:
    played(url, [bought(ORDER)], [redacted(CUSTOMER, ORDER)])
    once = dump(url)
    played(url, [redacted(CUSTOMER, ORDER)], [bought(ORDER)])
    assert names_jane(dump(url)) == []
    assert len(dump(url)) == len(once)


def test_another_customers_and_another_businesss_records_are_left_alone(url: str) -> None:
    played(url, [bought(ORDER, customer_id="gid://shopify/Customer/77")])
    played(url, [redacted(CUSTOMER)])
    assert names_jane(dump(url))
    theirs = redacted(ORDER)
    event = entity_pb2.EntityEvent.FromString(theirs.payload)
    event.business_id = "another"
    played(url, [IncomingEvent("r2", "entities.v2.another.redacted", event.SerializeToString(), "")])
    assert names_jane(dump(url))
