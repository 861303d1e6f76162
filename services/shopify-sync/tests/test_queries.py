"""Our queries are valid against Shopify's schema, and one query never costs more than Shopify allows."""

from __future__ import annotations

import lzma
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate

from shopify_sandbox.bulk_rules import checked
from shopify_sandbox.cost import Price
from shopify_sandbox.resolvers import SCHEMA_FILE
from shopify_sandbox.resolvers import build as build_resolvers
from shopify_sync.bulk_export import exported
from shopify_sync.documents import names, query
from shopify_sync.import_jobs import search
from shopify_sync.settings import Settings

REAL = Path(__file__).parents[4] / "shared" / "reference" / "shopify-schema" / "admin-2026-10.graphql.xz"
NAMES = names()
MOST_POINTS = 1000


@pytest.fixture(scope="module")
def ours() -> GraphQLSchema:
    return build_schema(SCHEMA_FILE.read_text())


@pytest.fixture(scope="module")
def real() -> GraphQLSchema:
    if not REAL.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("the published schema is missing")
        pytest.skip("the published schema is not on this machine")
    return build_schema(lzma.decompress(REAL.read_bytes()).decode(), assume_valid=True, no_location=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_query_is_valid_in_the_stand_in(ours: GraphQLSchema, name: str) -> None:
    assert validate(ours, parse(query(name))) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_query_is_valid_at_shopify(real: GraphQLSchema, name: str) -> None:
    assert validate(real, parse(query(name))) == []


def test_what_is_exported_is_valid_at_shopify_and_keeps_the_rules_of_bulk_queries(real: GraphQLSchema) -> None:
    from_at, before_at = datetime(2026, 1, 1, 5, tzinfo=UTC), datetime(2026, 2, 1, 5, tzinfo=UTC)
    text = exported(search(from_at, before_at))
    assert "processed_at:>='2026-01-01T05:00:00Z' processed_at:<'2026-02-01T05:00:00Z'" in text
    assert validate(real, parse(text)) == []
    assert checked(build_resolvers(), text)[1].name.value == "orders"


def cost(schema: GraphQLSchema, document: DocumentNode, ids: int, *, each: bool, both: bool = True) -> int:
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    variables = {"ids": [f"gid://shopify/Order/{number}" for number in range(ids)], "both": both}
    return Price(schema, document, variables, each_node=each).of(operation)


@pytest.mark.parametrize("name", NAMES)
def test_a_query_costs_less_than_one_query_may(ours: GraphQLSchema, name: str) -> None:
    batch = Settings.model_fields["fetch_batch"].default
    assert cost(ours, parse(query(name)), batch, each=False) <= MOST_POINTS


@pytest.mark.parametrize("name", NAMES)
def test_one_object_alone_is_never_too_dear(ours: GraphQLSchema, name: str) -> None:
    assert cost(ours, parse(query(name)), 1, each=True) <= MOST_POINTS


def test_an_order_in_one_currency_costs_a_fifth_less(ours: GraphQLSchema) -> None:
    one, two = (cost(ours, parse(query("orders")), 1, each=True, both=both) for both in (False, True))
    assert one * 5 <= two * 4


def test_the_refunds_of_an_order_fit_one_query(ours: GraphQLSchema) -> None:
    assert cost(ours, parse(query("refunds")), 8, each=True) <= MOST_POINTS
