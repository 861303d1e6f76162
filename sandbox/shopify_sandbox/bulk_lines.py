"""A bulk query, run page by page, and its answer as lines: each object of a connection its own, after its parent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    InlineFragmentNode,
    IntValueNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableDefinitionNode,
    VariableNode,
)

AFTER = "bulkAfter"


def paged(document: DocumentNode, root: FieldNode, size: int) -> DocumentNode:
    """The same query, asking for one page of the root after $bulkAfter and for one long page of each inner list."""
    own = [each for each in root.arguments or () if each.name.value not in ("first", "last", "after", "before")]
    after = ArgumentNode(name=NameNode(value="after"), value=VariableNode(name=NameNode(value=AFTER)))
    page = FieldNode(name=NameNode(value="pageInfo"), selection_set=_fields("hasNextPage", "endCursor"))
    inner = root.selection_set.selections if root.selection_set else ()
    selections = (*(_sized(each, size) for each in inner), page)
    asked = FieldNode(
        name=root.name,
        alias=root.alias,
        arguments=(*own, _first(size), after),
        selection_set=SelectionSetNode(selections=selections),
    )
    variable = VariableDefinitionNode(
        variable=VariableNode(name=NameNode(value=AFTER)), type=NamedTypeNode(name=NameNode(value="String"))
    )
    [operation] = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    return DocumentNode(
        definitions=(
            OperationDefinitionNode(
                operation=operation.operation,
                variable_definitions=(variable,),
                directives=(),
                selection_set=SelectionSetNode(selections=(asked,)),
            ),
        )
    )


def _sized(node: SelectionNode, size: int) -> SelectionNode:
    """Inner connections without a size get the longest page there is."""
    if isinstance(node, InlineFragmentNode):
        return InlineFragmentNode(
            type_condition=node.type_condition, directives=(), selection_set=_all_sized(node.selection_set, size)
        )
    if not isinstance(node, FieldNode) or node.selection_set is None:
        return node
    arguments = tuple(node.arguments or ())
    if _is_connection(node) and not any(each.name.value in ("first", "last") for each in arguments):
        arguments = (*arguments, _first(size))
    return FieldNode(
        name=node.name, alias=node.alias, arguments=arguments, selection_set=_all_sized(node.selection_set, size)
    )


def _all_sized(selection: SelectionSetNode, size: int) -> SelectionSetNode:
    return SelectionSetNode(selections=tuple(_sized(each, size) for each in selection.selections))


def _is_connection(node: FieldNode) -> bool:
    chosen = node.selection_set.selections if node.selection_set else ()
    return any(isinstance(each, FieldNode) and each.name.value in ("edges", "nodes") for each in chosen)


def _first(size: int) -> ArgumentNode:
    return ArgumentNode(name=NameNode(value="first"), value=IntValueNode(value=str(size)))


def _fields(*names: str) -> SelectionSetNode:
    return SelectionSetNode(selections=tuple(FieldNode(name=NameNode(value=name)) for name in names))


def lines_of(page: Mapping[str, Any]) -> Iterator[tuple[bytes, bool]]:
    """Each object of the page and below it, and whether it is one of the root."""
    for member in _members(page):
        yield from _lines(member, None)


def _lines(member: Mapping[str, Any], parent: str | None) -> Iterator[tuple[bytes, bool]]:
    inner = {name: value for name, value in member.items() if _is_page(value)}
    own = {name: value for name, value in member.items() if name not in inner}
    if parent is not None:
        own["__parentId"] = parent
    yield msgspec.json.encode(own) + b"\n", parent is None
    for value in inner.values():
        for each in _members(value):
            yield from _lines(each, str(own.get("id")))


def _is_page(value: object) -> bool:
    return isinstance(value, Mapping) and ("edges" in value or "nodes" in value)


def _members(page: Mapping[str, Any]) -> list[Any]:
    return list(page["nodes"]) if "nodes" in page else [edge["node"] for edge in page["edges"]]
