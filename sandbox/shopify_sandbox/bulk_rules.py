"""What a bulk query may be: Shopify's rules, checked before anything runs."""

from __future__ import annotations

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    parse,
    validate,
)

_MOST_CONNECTIONS, _DEEPEST = 5, 2


class BadBulkQuery(ValueError):
    """The query breaks a rule of bulk operations; the text is for the app."""


def checked(schema: GraphQLSchema, text: str) -> tuple[DocumentNode, FieldNode]:
    """The parsed query and its one connection at the root. BadBulkQuery names the rule that it breaks."""
    try:
        document = parse(text)
    except GraphQLError as error:
        raise BadBulkQuery(f"Invalid bulk query: {error.message}") from None
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation != OperationType.QUERY:
        raise BadBulkQuery("Bulk queries must contain exactly one query operation.")
    if any(isinstance(each, FragmentDefinitionNode) for each in document.definitions):
        raise BadBulkQuery("This stand-in takes no named fragments in bulk queries.")
    if errors := [error for error in validate(schema, document) if "must be provided" not in error.message]:
        raise BadBulkQuery(f"Invalid bulk query: {errors[0].message}")
    roots = [each for each in operations[0].selection_set.selections if isinstance(each, FieldNode)]
    if any(each.name.value in ("node", "nodes") for each in roots):
        raise BadBulkQuery("Bulk queries cannot use the top-level `node` or `nodes` fields.")
    query = schema.query_type
    if query is None or len(roots) != 1:
        raise BadBulkQuery("Bulk queries must have one field at the top level.")
    counted = _Counted(schema)
    counted.field(query, roots[0], depth=0, in_list=False)
    if not counted.connections:
        raise BadBulkQuery("Bulk queries must contain at least one connection.")
    if counted.connections > _MOST_CONNECTIONS:
        raise BadBulkQuery("Bulk queries cannot contain more than 5 connections.")
    return document, roots[0]


class _Counted:
    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema, self.connections = schema, 0

    def field(self, holder: GraphQLObjectType, node: FieldNode, *, depth: int, in_list: bool) -> None:
        definition = holder.fields.get(node.name.value)
        if definition is None or node.selection_set is None:
            return
        kind = get_named_type(definition.type)
        if kind.name.endswith("Connection"):
            self._connection(kind.name, depth + 1, in_list=in_list)
            depth += 1
        bare = definition.type.of_type if is_non_null_type(definition.type) else definition.type
        listed = is_list_type(bare) and not holder.name.endswith("Connection")
        if is_object_type(kind):
            self._within(kind, node.selection_set, depth, in_list=in_list or listed)

    def _within(self, kind: GraphQLObjectType, selection: SelectionSetNode, depth: int, *, in_list: bool) -> None:
        for each in selection.selections:
            if isinstance(each, FieldNode):
                self.field(kind, each, depth=depth, in_list=in_list)
            elif isinstance(each, InlineFragmentNode):
                self._within(kind, each.selection_set, depth, in_list=in_list)

    def _connection(self, name: str, depth: int, *, in_list: bool) -> None:
        self.connections += 1
        if in_list:
            raise BadBulkQuery("Queries that contain a connection field within a list field are not supported.")
        if depth > _DEEPEST:
            raise BadBulkQuery("Bulk queries cannot contain connections nested more than 2 levels deep.")
        connection = self._schema.type_map[name]
        member = get_named_type(connection.fields["nodes"].type)  # type: ignore[attr-defined]
        if "Node" not in {each.name for each in getattr(member, "interfaces", ())}:
            raise BadBulkQuery(f"Connection fields must have members that implement Node, as those of {name} do not.")
