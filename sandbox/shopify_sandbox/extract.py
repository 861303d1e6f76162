"""Cuts `admin.graphql` out of Shopify's published Admin schema, keeping only what `admin_fields.txt` names.

Run `python -m shopify_sandbox.extract FULL_SCHEMA.graphql` after widening the list: names, arguments and
nullability then come from Shopify, never from typing.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    SchemaDefinitionNode,
    TypeDefinitionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
)

HERE = Path(__file__).parent
SELECTION = HERE / "admin_fields.txt"
EXTRACT = HERE / "admin.graphql"
BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}
Fields = Mapping[str, set[str]]


def read_selection(text: str) -> dict[str, set[str]]:
    """Lines `Type: field field …` → fields by type; blank lines and `#` comments are passed over."""
    chosen: dict[str, set[str]] = defaultdict(set)
    for line in text.splitlines():
        name, _, fields = line.partition("#")[0].partition(":")
        if name.strip():
            chosen[name.strip()].update(fields.split())
    return dict(chosen)


def named(node: TypeNode) -> str:
    """The name under all list and non-null wrappers."""
    while not isinstance(node, NamedTypeNode):
        node = node.type  # type: ignore[attr-defined]
    return node.name.value


class Extraction:
    """Walks from the chosen fields to every type their results and arguments need."""

    def __init__(self, full: DocumentNode, chosen: Fields) -> None:
        self._types = {d.name.value: d for d in full.definitions if isinstance(d, TypeDefinitionNode)}
        self._roots = [d for d in full.definitions if isinstance(d, SchemaDefinitionNode)]
        self._chosen = {name: set(fields) for name, fields in chosen.items()}
        self._kept: dict[str, TypeDefinitionNode] = {}

    def run(self) -> DocumentNode:
        """The smaller document, types in alphabetical order."""
        self._spread_interface_fields()
        for name in self._chosen:
            self._keep(name)
        types = tuple(self._kept[name] for name in sorted(self._kept))
        return DocumentNode(definitions=(*self._roots, *types))

    def _spread_interface_fields(self) -> None:
        for name in sorted(self._types):
            node = self._types[name]
            if not isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
                continue
            for interface in node.interfaces or ():
                parent = interface.name.value
                if parent in self._chosen and (name in self._chosen or parent != "Node"):
                    self._chosen.setdefault(name, set()).update(self._chosen[parent])

    def _keep(self, name: str) -> None:
        if name in BUILT_IN or name in self._kept:
            return
        node = self._types[name]
        self._kept[name] = node
        match node:
            case ObjectTypeDefinitionNode() | InterfaceTypeDefinitionNode():
                self._kept[name] = self._with_fields(node)
            case UnionTypeDefinitionNode():
                self._kept[name] = type(node)(name=node.name, types=node.types, directives=())
                for member in node.types or ():
                    self._keep(member.name.value)
            case InputObjectTypeDefinitionNode():
                self._kept[name] = type(node)(
                    name=node.name, directives=node.directives, fields=tuple(bare(f) for f in node.fields or ())
                )
                for field in node.fields or ():
                    self._keep(named(field.type))
            case EnumTypeDefinitionNode():
                self._kept[name] = type(node)(
                    name=node.name, directives=(), values=tuple(bare(v) for v in node.values or ())
                )
            case ScalarTypeDefinitionNode():
                self._kept[name] = type(node)(name=node.name, directives=())

    def _with_fields(
        self, node: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode
    ) -> ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode:
        wanted = self._chosen.get(node.name.value, set())
        fields = [field for field in node.fields or () if field.name.value in wanted]
        missing = wanted - {field.name.value for field in fields}
        if missing or not fields:
            raise SystemExit(f"{node.name.value}: nothing to keep, or unknown: {sorted(missing)}")
        for field in fields:
            self._keep(named(field.type))
            for argument in field.arguments or ():
                self._keep(named(argument.type))
        return type(node)(
            name=node.name,
            directives=(),
            interfaces=tuple(i for i in node.interfaces or () if i.name.value in self._chosen),
            fields=tuple(bare(field) for field in fields),
        )


def bare(node: Any) -> Any:
    """The same definition without descriptions and directives (arguments likewise)."""
    changes: dict[str, Any] = {"description": None, "directives": ()}
    if getattr(node, "arguments", None):
        changes["arguments"] = tuple(bare(argument) for argument in node.arguments)
    return replace(node, **changes)


def main(arguments: Iterable[str]) -> None:
    """Write the extract beside this file."""
    (source,) = arguments
    full = parse(Path(source).read_text(), no_location=True)
    document = Extraction(full, read_selection(SELECTION.read_text())).run()
    EXTRACT.write_text(
        "# Cut from Shopify's Admin GraphQL schema 2026-10 by extract.py; do not edit.\n\n" + print_ast(document) + "\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
