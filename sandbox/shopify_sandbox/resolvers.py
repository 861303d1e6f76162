"""The Admin schema made executable: views are plain maps, references are gids, lists are paged on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from shopify_sandbox.apps import Token
from shopify_sandbox.bulk import Bulk
from shopify_sandbox.desk import Desk
from shopify_sandbox.ledger_views import Parts, refund_view
from shopify_sandbox.listing import BadPage, Lister, page_size
from shopify_sandbox.order_records import Order
from shopify_sandbox.order_views import order_view
from shopify_sandbox.settings import Settings
from shopify_sandbox.shelf import LazyView, ShelvedOrder
from shopify_sandbox.shop import Shop
from shopify_sandbox.views import at, customer_view, gid, product_view, variant_view

SCHEMA_FILE = Path(__file__).with_name("admin.graphql")
OLD = timedelta(days=60)
View = dict[str, Any]

SCOPES = {
    "Order": "read_orders",
    "Refund": "read_orders",
    "Customer": "read_customers",
    "Product": "read_products",
    "ProductVariant": "read_products",
    "InventoryItem": "read_inventory",
}


@dataclass
class Call:
    """One GraphQL request: who asks, in which store, and what the answer must add."""

    desk: Desk
    settings: Settings
    lister: Lister
    shop: Shop
    token: Token
    bulk: Bulk
    base_url: str = ""
    search: list[View] = field(default_factory=list)

    @property
    def scopes(self) -> set[str]:
        return {part.strip() for part in self.token.scope.split(",")}

    def allows(self, scope: str) -> bool:
        """Writing includes reading."""
        return scope in self.scopes or scope.replace("read_", "write_") in self.scopes

    def demand(self, scope: str, name: str) -> None:
        """GraphQLError ACCESS_DENIED without the scope."""
        if not self.allows(scope):
            raise GraphQLError(
                f"Access denied for {name} field. Required access: `{scope}` access scope.",
                extensions={"code": "ACCESS_DENIED", "requiredAccess": f"`{scope}` access scope."},
            )

    def sees(self, order: Order) -> bool:
        return self.allows("read_all_orders") or order.created_at > self.desk.clock.now() - OLD

    def visible_until(self) -> Any:
        return self.desk.clock.precise() - timedelta(seconds=self.settings.index_lag_seconds)


Info = GraphQLResolveInfo[Call]


def invalid(text: str) -> GraphQLError:
    return GraphQLError(text, extensions={"code": "BAD_REQUEST"})


def look_up(call: Call, identifier: str, name: str) -> View | None:
    """The view behind a gid, made once per change; None for what the store or the app cannot see."""
    kind, _, number = identifier.removeprefix("gid://shopify/").partition("?")[0].partition("/")
    if not identifier.startswith("gid://shopify/") or not number.isdigit():
        raise GraphQLError(f"Invalid global id '{identifier}'", extensions={"code": "argumentLiteralsIncompatible"})
    if kind in SCOPES:
        call.demand(SCOPES[kind], name)
    identity, shop = int(number), call.shop
    if kind == "Order":
        shelved = shop.shelf.get(identity)
        order = shelved or shop.orders.get(identity)
        if order is None or not call.sees(order):  # type: ignore[arg-type]
            return None
        if shelved is not None:
            return shelved_view(shop, shelved)
    held = shop.views.get((kind, identity))
    if held is None:
        held = _fresh(shop, kind, identity)
        if held is not None and kind in ("Order", "Customer", "Product", "ProductVariant"):
            shop.views[kind, identity] = held
    return held


def shelved_view(shop: Shop, order: ShelvedOrder) -> View:
    """Never remembered: there are too many of them."""
    known = {
        "__typename": "Order",
        "id": gid("Order", order.id),
        "createdAt": at(order.created_at),
        "processedAt": at(order.processed_at),
        "updatedAt": at(order.updated_at),
    }
    return LazyView(known, lambda: order_view(shop, order.whole()))


def _fresh(shop: Shop, kind: str, identity: int) -> View | None:
    match kind:
        case "Order":
            return order_view(shop, shop.orders[identity])
        case "Customer" if identity in shop.customers:
            return customer_view(shop, shop.customers[identity])
        case "Product" if identity in shop.products:
            return product_view(shop.products[identity])
        case "ProductVariant" if identity in shop.variants:
            return variant_view(shop, *shop.variants[identity])
        case "InventoryItem" if identity in shop.inventory:
            item: View = variant_view(shop, *shop.inventory[identity])["inventoryItem"]
            return item
        case "Refund" if identity in shop.refunds:
            order, refund = shop.refunds[identity]
            return refund_view(Parts.of(order), refund)
    return None


def value_of(source: Mapping[str, Any], name: str) -> Any:
    value = source.get(name)
    return value() if callable(value) else value


def plain(name: str) -> Callable[..., Any]:
    def resolve(source: Mapping[str, Any], _info: Info, **_args: Any) -> Any:
        value = source.get(name)
        return value() if callable(value) else value

    return resolve


def reference(name: str) -> Callable[..., Any]:
    """A field whose value may be the gid of another object."""

    def resolve(source: Mapping[str, Any], info: Info, **_args: Any) -> Any:
        value = value_of(source, name)
        return look_up(info.context, value, name) if isinstance(value, str) else value

    return resolve


def plain_list(name: str) -> Callable[..., Any]:
    """A list that is no connection; `first` cuts it silently, as Shopify does."""

    def resolve(source: Mapping[str, Any], _info: Info, **args: Any) -> Any:
        value = value_of(source, name)
        first = args.get("first")
        if value is None:
            return None
        return value if first is None else value[:first]

    return resolve


def connection(name: str) -> Callable[..., Any]:
    """A connection over a list held in the view; the cursor is the place in it."""

    def resolve(source: Mapping[str, Any], info: Info, **args: Any) -> View:
        items = list(value_of(source, name) or ())
        if args.get("includeRemovals") is False:
            items = [item for item in items if not item["isRemoved"]]
        try:
            size, backwards = page_size(args)
            low, high = int(args.get("after") or 0), int(args.get("before") or len(items) + 1) - 1
        except BadPage as refusal:
            raise invalid(str(refusal)) from None
        except ValueError:
            raise invalid("Invalid cursor for current pagination sort.") from None
        if args.get("reverse"):
            items.reverse()
        span = range(low, min(high, len(items)))
        span = span[max(0, len(span) - size) :] if backwards else span[:size]
        nodes = [items[i] for i in span]
        call: Call = info.context
        views = [look_up(call, n, name) if isinstance(n, str) else n for n in nodes]
        ends = [str(i + 1) for i in span]
        return page_view(views, ends, more=bool(span) and span[-1] + 1 < len(items), before=bool(span) and span[0] > 0)

    return resolve


def page_view(nodes: list[Any], cursors: list[str], *, more: bool, before: bool) -> View:
    return {
        "nodes": nodes,
        "edges": [{"node": node, "cursor": cursor} for node, cursor in zip(nodes, cursors, strict=True)],
        "pageInfo": {
            "hasNextPage": more,
            "hasPreviousPage": before,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def build() -> GraphQLSchema:
    """The executable schema; the operations of query and mutation root are attached by their own module."""
    schema = build_schema(SCHEMA_FILE.read_text(), assume_valid=True)
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, definition in kind.fields.items():
                definition.resolve = _resolver_for(kind, name, definition)
    return schema


def _resolver_for(kind: GraphQLObjectType, name: str, definition: GraphQLField) -> Callable[..., Any]:
    if kind.name.endswith(("Connection", "Edge")):
        return plain(name)
    target: GraphQLNamedType = get_named_type(definition.type)
    if target.name.endswith("Connection"):
        return connection(name)
    bare = definition.type.of_type if is_non_null_type(definition.type) else definition.type
    if is_list_type(bare):
        return plain_list(name)
    if is_object_type(target) or is_abstract_type(target):
        return reference(name)
    return plain(name)
