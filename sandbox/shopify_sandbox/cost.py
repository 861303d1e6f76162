"""What a query costs: Shopify's rules for the requested cost, the bucket it is taken from, and the actual one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
    value_from_ast_untyped,
)

MUTATION = 10
Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType


class Price:
    """Counts the requested cost of one operation: object 1, connection 2 + size x node, mutation 10."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any], *, each_node: bool
    ) -> None:
        self._schema = schema
        self._variables = variables
        self._each_node = each_node
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}

    def of(self, operation: OperationDefinitionNode) -> int:
        root = self._schema.get_root_type(operation.operation)
        if root is None:
            return 0
        cost = self._selection(root, operation.selection_set)
        return cost + MUTATION if operation.operation.value == "mutation" else cost

    def _selection(self, parent: Composite, selection: SelectionSetNode | None) -> int:
        """Sum of an object's fields; for abstract types the dearest of the possible ones."""
        if selection is None:
            return 0
        if isinstance(parent, GraphQLObjectType):
            seen: set[str] = set()
            total = 0
            for holder, field in self._fields(parent, selection, parent):
                key = field.alias.value if field.alias else field.name.value
                if key not in seen or field.selection_set:
                    total += self._field(holder, field)
                seen.add(key)
            return total
        members = self._schema.get_possible_types(parent)
        return max((self._selection(member, selection) for member in members), default=0)

    def _fields(
        self, parent: Composite, selection: SelectionSetNode, actual: GraphQLObjectType
    ) -> Iterator[tuple[GraphQLObjectType, FieldNode]]:
        for node in selection.selections:
            if self._left_out(node):
                continue
            if isinstance(node, FieldNode):
                yield actual, node
            elif isinstance(node, InlineFragmentNode):
                name = node.type_condition.name.value if node.type_condition else actual.name
                if self._fits(actual, name):
                    yield from self._fields(parent, node.selection_set, actual)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                if self._fits(actual, fragment.type_condition.name.value):
                    yield from self._fields(parent, fragment.selection_set, actual)

    def _left_out(self, node: SelectionNode) -> bool:
        """By @skip or @include: what is not asked for costs nothing."""
        for directive in node.directives or ():
            [condition] = [value_from_ast_untyped(a.value, dict(self._variables)) for a in directive.arguments or ()]
            if (directive.name.value, condition) in (("skip", True), ("include", False)):
                return True
        return False

    def _fits(self, actual: GraphQLObjectType, name: str) -> bool:
        condition: GraphQLNamedType | None = self._schema.get_type(name)
        if condition is actual:
            return True
        return isinstance(condition, GraphQLInterfaceType | GraphQLUnionType) and self._schema.is_sub_type(
            condition, actual
        )

    def _field(self, holder: GraphQLObjectType, node: FieldNode) -> int:
        field: GraphQLField | None = holder.fields.get(node.name.value)
        if field is None:
            return 0
        kind = get_named_type(field.type)
        if is_leaf_type(kind):
            return 0
        inner = self._selection(kind, node.selection_set)  # type: ignore[arg-type]
        if kind.name == "PageInfo":
            return 0
        args = {a.name.value: value_from_ast_untyped(a.value, dict(self._variables)) for a in node.arguments or ()}
        size = args.get("first") or args.get("last")
        if kind.name.endswith("Connection"):
            return 2 + int(size or 0) * self._one_node(kind, node)  # type: ignore[arg-type]
        if node.name.value == "nodes" and "ids" in args:
            return (1 + inner) * (len(args["ids"] or ()) if self._each_node else 1)
        if holder.name.endswith(("Connection", "Edge")):
            return inner + 1
        return (1 + inner) * int(size or 1)

    def _one_node(self, connection: GraphQLObjectType, node: FieldNode) -> int:
        if node.selection_set is None:
            return 0
        costs = [0]
        for holder, field in self._fields(connection, node.selection_set, connection):
            if field.name.value in ("nodes", "edges"):
                cost = self._field(holder, field)
                costs.append(cost - 1 if field.name.value == "edges" else cost)
        return max(costs)


def actual_cost(data: Any) -> int:
    """Objects that really came back, counted as the requested cost counts them."""
    if isinstance(data, dict):
        return 1 + sum(actual_cost(value) for key, value in data.items() if key != "pageInfo")
    if isinstance(data, list):
        return sum(actual_cost(item) for item in data)
    return 0


@dataclass
class Bucket:
    """Points of one app in one shop; they come back at a steady rate up to the size."""

    size: float
    rate: float
    points: float
    touched: float

    @classmethod
    def full(cls, size: float, rate: float) -> Bucket:
        return cls(size, rate, size, time.monotonic())

    def available(self) -> float:
        now = time.monotonic()
        self.points = min(self.size, self.points + (now - self.touched) * self.rate)
        self.touched = now
        return self.points

    def take(self, cost: int) -> bool:
        """Reserve the requested cost; False when it does not fit now."""
        if self.available() < cost:
            return False
        self.points -= cost
        return True

    def give_back(self, points: int) -> None:
        self.points = min(self.size, self.points + points)

    def status(self) -> dict[str, Any]:
        available = int(self.available())
        return {
            "maximumAvailable": float(self.size),
            "currentlyAvailable": available,
            "restoreRate": float(self.rate),
        }
