"""The stand-in's schema is Shopify's own, type by type."""

from __future__ import annotations

import lzma
import os
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    print_ast,
)

from shopify_sandbox.resolvers import SCHEMA_FILE

REFERENCE = Path(__file__).parents[4] / "shared" / "reference"


@pytest.fixture(scope="module")
def real() -> GraphQLSchema:
    packed = REFERENCE / "shopify-schema" / "admin-2026-10.graphql.xz"
    if not packed.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("the published schema is missing")
        pytest.skip("the published schema is not on this machine")
    return build_schema(lzma.decompress(packed.read_bytes()).decode(), assume_valid=True, no_location=True)


def test_every_type_field_and_argument_is_exactly_the_real_one(real: GraphQLSchema) -> None:
    ours = build_schema(SCHEMA_FILE.read_text())
    wrong: list[str] = []
    for name, kind in ours.type_map.items():
        if name.startswith("__"):
            continue
        twin = real.type_map.get(name)
        if type(twin) is not type(kind):
            wrong.append(f"{name} is no such kind of type")
        elif isinstance(kind, GraphQLEnumType) and isinstance(twin, GraphQLEnumType):
            if set(kind.values) != set(twin.values):
                wrong.append(f"values of {name}")
        elif isinstance(kind, GraphQLUnionType) and isinstance(twin, GraphQLUnionType):
            if {t.name for t in kind.types} != {t.name for t in twin.types}:
                wrong.append(f"members of {name}")
        elif isinstance(kind, GraphQLInputObjectType) and isinstance(twin, GraphQLInputObjectType):
            if {k: str(f.type) for k, f in kind.fields.items()} != {k: str(f.type) for k, f in twin.fields.items()}:
                wrong.append(f"fields of {name}")
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            wrong += differences(kind, twin)
    assert wrong == []
    assert ours.query_type is not None
    assert real.query_type is not None
    assert ours.query_type.name == real.query_type.name


def signature(field: GraphQLField) -> dict[str, tuple[str, str]]:
    """Each argument's type and default value."""
    written = {key: argument.ast_node for key, argument in field.args.items()}
    return {
        key: (str(field.args[key].type), print_ast(node.default_value) if node and node.default_value else "")
        for key, node in written.items()
    }


def differences(kind: GraphQLObjectType | GraphQLInterfaceType, twin: object) -> list[str]:
    assert isinstance(twin, GraphQLObjectType | GraphQLInterfaceType)
    found = []
    if not {i.name for i in kind.interfaces} <= {i.name for i in twin.interfaces}:
        found.append(f"interfaces of {kind.name}")
    for name, field in kind.fields.items():
        other = twin.fields.get(name)
        if other is None or str(other.type) != str(field.type):
            found.append(f"{kind.name}.{name}")
            continue
        if signature(field) != signature(other):
            found.append(f"arguments of {kind.name}.{name}")
    return found
