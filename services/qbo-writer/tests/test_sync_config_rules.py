"""What a Sync Config must keep, and how a company's own preferences are read; without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qbo_writer.company_books import lists_of
from qbo_writer.company_facts import facts_of
from qbo_writer.posting import config as posting
from qbo_writer.posting.company import TaxWorld
from qbo_writer.posting.config import SyncConfig
from qbo_writer.sync_config import Decisions, from_json, to_json
from qbo_writer.sync_config_protos import config_from_proto, config_to_proto
from qbo_writer.sync_config_rules import changes, problems

steady = settings(deadline=None, derandomize=True, database=None)
texts = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=9).map(str.strip)
configs = st.builds(
    SyncConfig,
    auto_sync=st.booleans(),
    entities=st.frozensets(st.sampled_from(posting.ENTITIES)),
    start_date=st.one_of(st.just(""), st.dates().map(str)),
    posting_date=st.sampled_from(posting.PostingDate),
    method=st.sampled_from(posting.Method),
    payment_triggers=st.frozensets(st.sampled_from(posting.PAYMENT_STATUSES)),
    fulfillment_triggers=st.frozensets(st.sampled_from(posting.FULFILLMENT_STATUSES)),
    numbers=st.sampled_from(posting.Numbers),
    number_prefix=texts,
    closed_period=st.sampled_from(posting.ClosedPeriod),
    customer_memo=texts,
    class_id=texts,
    location_id=texts,
    discounts=st.sampled_from(posting.Discounts),
    zero_orders=st.sampled_from(posting.ZeroOrders),
    customers=st.sampled_from(posting.Customers),
    unmapped_products=st.sampled_from(posting.UnmappedProducts),
    fallback_item_id=texts,
    tax_fallback=st.sampled_from(posting.TaxFallback),
    presentment_currency=st.booleans(),
)
decisions = st.builds(Decisions, configs, st.dictionaries(st.sampled_from(["sales", "tips"]), st.just("79")))


@steady
@given(decisions)
def test_whatever_is_decided_survives_the_database_and_the_wire(decided: Decisions) -> None:
    assert from_json(to_json(decided), 0) == decided
    assert config_from_proto(config_to_proto(decided)) == (decided, [])


@steady
@given(decisions, decisions)
def test_every_difference_is_told_and_nothing_else(one: Decisions, other: Decisions) -> None:
    assert bool(changes(one, other, {})) == (one != other)


def test_what_an_older_version_did_not_know_has_its_default() -> None:
    old = from_json({"method": "invoice", "no_longer_there": 1, "accounts": {"sales": "79", "tips": ""}}, 3)
    assert old.config == SyncConfig(version=3, method=posting.Method.INVOICE)
    assert old.accounts == {"sales": "79"}


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"start_date": "20260131"}, "start_date"),
        ({"start_date": "1999-12-31"}, "start_date"),
        ({"start_date": "2026-W05-1"}, "start_date"),
        ({"number_prefix": "a\tb"}, "number_prefix"),
        ({"number_prefix": " SH"}, "number_prefix"),
        ({"customer_memo": "a\x07b"}, "customer_memo"),
        ({"payment_triggers": frozenset({"VOIDED"})}, "payment_triggers"),
        ({"entities": frozenset({"payout"})}, "entities"),
        ({"presentment_currency": True}, "presentment_currency"),
    ],
)
def test_what_cannot_stand_is_named_by_its_field(told: dict[str, Any], field: str) -> None:
    found = problems(Decisions(replace(SyncConfig(), **told)), None, None)
    assert [each.field for each in found] == [field]
    assert all(each.sentence.endswith(".") for each in found)


@pytest.mark.parametrize(
    "told", [{"start_date": "2026-02-28"}, {"number_prefix": "SH-"}, {"customer_memo": "Thank you 🎉\nCome again"}, {}]
)
def test_what_can_stand_is_taken(told: dict[str, Any]) -> None:
    assert problems(Decisions(replace(SyncConfig(), **told)), None, None) == []


@pytest.mark.parametrize(
    ("country", "tax", "world"),
    [
        ("US", {"UsingSalesTax": True}, TaxWorld.US_MANUAL),
        ("US", {"UsingSalesTax": True, "PartnerTaxEnabled": True}, TaxWorld.US_AUTOMATED),
        ("GB", {"UsingSalesTax": True}, TaxWorld.GLOBAL),
        ("US", {"UsingSalesTax": False}, TaxWorld.NONE),
        ("US", {}, TaxWorld.NONE),
    ],
)
def test_the_tax_world_is_read_from_the_companys_own_preferences(
    country: str, tax: dict[str, Any], world: TaxWorld
) -> None:
    found = facts_of("1", {"Country": country}, {"TaxPrefs": tax}, [], [], datetime.now(UTC), [])
    assert found.tax_world is world


@pytest.mark.parametrize(
    ("accounting", "also"),
    [
        ({}, set()),
        ({"ClassTrackingPerTxn": True}, {"Class"}),
        ({"ClassTrackingPerTxnLine": True, "TrackDepartments": True}, {"Class", "Department"}),
    ],
)
def test_classes_and_locations_are_only_read_where_the_company_has_them(
    accounting: dict[str, Any], also: set[str]
) -> None:
    assert set(lists_of({"AccountingInfoPrefs": accounting})) - set(lists_of({})) == also
