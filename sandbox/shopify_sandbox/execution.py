"""Executes queries over plain maps: leaves are read as they lie there, everything else goes the library's own way."""

from __future__ import annotations

from typing import Any

from graphql import Executor, GraphQLObjectType, GraphQLSchema, is_leaf_type, is_non_null_type
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.pyutils import Path

LEAVES = "leaves"


def mark_leaves(schema: GraphQLSchema) -> GraphQLSchema:
    """Notes on each object type which of its fields need no completing, and whether they may be null."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and kind not in (schema.query_type, schema.mutation_type):
            kind.extensions[LEAVES] = {
                name: not is_non_null_type(f.type) for name, f in kind.fields.items() if _leaf(f.type)
            }
    return schema


def _leaf(kind: Any) -> bool:
    """Floats are kept as text here and must be completed."""
    bare = kind.of_type if is_non_null_type(kind) else kind
    return is_leaf_type(bare) and bare.name != "Float"


class MapExecutor(Executor[None]):
    """Nothing here waits, so the fields of an object are simply its fields."""

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: None,
    ) -> dict[str, Any]:
        leaves = parent_type.extensions.get(LEAVES, {})
        results: dict[str, Any] = {}
        for key, details in grouped_field_set.items():
            name = details[0].node.name.value
            if name in leaves:
                value = source_value.get(name)
                if not callable(value) and (value is not None or leaves[name]):
                    results[key] = value
                    continue
            field_path = Path(path, key, parent_type.name)
            results[key] = self.execute_field(parent_type, source_value, details, field_path, position_context)
        return results
