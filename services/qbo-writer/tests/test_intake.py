"""Events become records: the newest version wins, in whatever order and however often they come."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.bus import BadEvent, IncomingEvent
from ledgerport_libs.database import Database, Queries
from ledgerport_libs.migrations import migrate
from ledgerport_local.databases import TemplateDatabases
from qbo_writer.intake import EntityIntake, record_id
from qbo_writer_testing.shop import BUSINESS, Tax, line, order, paid, refund

SUBJECT = "entities.v2.b1.order"
BEGAN = datetime(2026, 11, 2, tzinfo=UTC)
HISTORIES = st.lists(st.sampled_from(["A", "B", "C"]), min_size=1, max_size=5).flatmap(
    lambda contents: st.tuples(st.just(contents), st.permutations(range(len(contents))))
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with TemplateDatabases() as databases, databases.clone(databases.template("writer", _migrated)) as url:
        yield url


def _migrated(url: str) -> None:
    migrate(url, "qbo_writer")


def version(source_id: str, number: int, tag: str, **members: Any) -> IncomingEvent:
    """State `number` of an order; the same tag is the same content."""
    state = order(line(1, "10.80"), tags=[tag], name="#1001", **members)
    entity = entity_pb2.EntityEvent(order=state)
    content = hashlib.sha256(entity.SerializeToString(deterministic=True)).digest()
    entity.business_id, entity.source_id = BUSINESS, source_id
    entity.version.updated_at.FromDatetime(BEGAN + timedelta(seconds=number))
    entity.version.observed_at.FromDatetime(BEGAN + timedelta(seconds=number))
    entity.version.content_hash = content
    return IncomingEvent(f"{source_id}{number}", SUBJECT, entity.SerializeToString(), "")


def played(url: str, *batches: list[IncomingEvent]) -> None:
    """The batches as one consumer hands them over."""

    async def play() -> None:
        db = Database(url, Queries.of("qbo_writer"))
        await db.open()
        try:
            intake = EntityIntake(db, lambda: None)
            for batch in batches:
                await intake.handle(batch)
        finally:
            await db.close()

    asyncio.run(play())


def found(url: str, kind: str, source_id: str) -> dict[str, Any]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        row = connection.execute(
            "SELECT reference, status, reason, revision, changed_at, payload, parent_id, total_minor, currency,"
            " nullif(source_updated_at, '-infinity') AS source_updated_at"
            " FROM record WHERE business_id = %s AND kind = %s AND source_id = %s",
            (BUSINESS, kind, source_id),
        ).fetchone()
    assert row is not None
    return row


def tags(row: dict[str, Any]) -> list[str]:
    return list(entity_pb2.EntityEvent.FromString(row["payload"]).order.tags)


_SOURCES = iter(range(1, 10_000))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HISTORIES)
def test_any_order_of_arrival_ends_in_the_same_record(url: str, drawn: tuple[list[str], list[int]]) -> None:
    contents, arrival = drawn
    source = f"gid://shopify/Order/any{next(_SOURCES)}"
    events = [version(source, number, tag) for number, tag in enumerate(contents)]
    played(url, *([events[number]] for number in arrival), [events[arrival[0]]])
    row = found(url, "order", source)
    assert tags(row) == [contents[-1]]
    assert row["source_updated_at"] == BEGAN + timedelta(seconds=len(contents) - 1)


def test_the_same_content_again_leaves_the_record_alone(url: str) -> None:
    source = "gid://shopify/Order/same"
    played(url, [version(source, 1, "A")])
    before = found(url, "order", source)
    played(url, [version(source, 1, "A")], [version(source, 2, "A")])
    after = found(url, "order", source)
    assert (after["revision"], after["changed_at"]) == (before["revision"], before["changed_at"])


def test_a_late_old_event_changes_nothing_even_after_the_same_content_came_back(url: str) -> None:
    source = "gid://shopify/Order/late"
    played(url, [version(source, 1, "A")], [version(source, 3, "A")], [version(source, 2, "B")])
    assert tags(found(url, "order", source)) == ["A"]


def test_what_a_person_ignored_stays_ignored(url: str) -> None:
    source = "gid://shopify/Order/ignored"
    played(url, [version(source, 1, "A")])
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE record SET status = 'skipped', reason = 'IGNORED' WHERE source_id = %s", (source,))
    played(url, [version(source, 2, "B")])
    row = found(url, "order", source)
    assert (row["status"], row["reason"], tags(row)) == ("skipped", "IGNORED", ["B"])


def test_a_refund_is_a_record_of_its_own_that_is_looked_at_with_its_order(url: str) -> None:
    source = "gid://shopify/Order/refunded"
    money = paid("5.00", kind="REFUND", number=7)
    came_back = refund(77, money)
    state = {"refunds": [came_back], "paid_by": [paid("10.80"), money]}
    played(url, [version(source, 1, "A", **state)])
    first = found(url, "refund", "gid://shopify/Refund/77")
    assert first["parent_id"] == record_id(BUSINESS, "order", source)
    assert (first["reference"], first["total_minor"], first["currency"]) == ("#1001-R1", 500, "USD")
    played(url, [version(source, 2, "B", **state)])
    assert found(url, "refund", "gid://shopify/Refund/77")["revision"] == first["revision"] + 1


def test_buyer_and_goods_of_an_order_are_records_until_their_own_events_come(url: str) -> None:
    played(url, [version("gid://shopify/Order/hints", 1, "A")])
    hint = found(url, "customer", "gid://shopify/Customer/1")
    assert hint["reference"] == "Ada"
    entity = entity_pb2.EntityEvent(customer=entity_pb2.Customer(display_name="Ada Sample"))
    entity.business_id, entity.source_id = BUSINESS, "gid://shopify/Customer/1"
    entity.version.updated_at.FromDatetime(BEGAN)
    entity.version.observed_at.FromDatetime(BEGAN)
    entity.version.content_hash = b"1"
    played(
        url,
        [IncomingEvent("c1", SUBJECT, entity.SerializeToString(), "")],
        [version("gid://shopify/Order/hints", 2, "B")],
    )
    row = found(url, "customer", "gid://shopify/Customer/1")
    assert (row["reference"], row["revision"]) == ("Ada Sample", hint["revision"] + 1)


@pytest.mark.parametrize("payload", [b"\xff\xff", b"", entity_pb2.EntityEvent(business_id="b1").SerializeToString()])
def test_what_is_no_entity_event_goes_to_the_dead_letters(url: str, payload: bytes) -> None:
    with pytest.raises(BadEvent):
        played(url, [IncomingEvent("x", SUBJECT, payload, "")])


def test_a_business_that_bought_is_the_customer(url: str) -> None:
    bought = version(
        "gid://shopify/Order/b2b", 1, "A", company=entity_pb2.Company(id="gid://shopify/Company/5", name="Acme")
    )
    played(url, [bought])
    assert found(url, "customer", "gid://shopify/Company/5")["reference"] == "Acme"


def test_taxes_and_gateways_of_orders_can_be_mapped_from_then_on(url: str) -> None:
    taxed = order(line(1, "10.00", taxes=[Tax("0.83")]), paid_by=[paid("10.83", gateway="paypal")])
    entity = entity_pb2.EntityEvent(business_id=BUSINESS, source_id="gid://shopify/Order/seen", order=taxed)
    entity.version.updated_at.FromDatetime(BEGAN)
    played(url, [IncomingEvent("seen", SUBJECT, entity.SerializeToString(), "")])
    with psycopg.connect(url) as connection:
        taxes = {row[0] for row in connection.execute("SELECT tax_key FROM seen_tax")}
        gateways = {row[0] for row in connection.execute("SELECT label FROM seen_gateway")}
    assert "Sales tax 8.25 %" in taxes
    assert "PayPal" in gateways


def test_an_event_of_an_older_contract_goes_to_the_dead_letters(url: str) -> None:
    told = version("gid://shopify/Order/old", 1, "A")
    with pytest.raises(BadEvent):
        played(url, [IncomingEvent("old", "entities.v1.b1.order", told.payload, "")])
