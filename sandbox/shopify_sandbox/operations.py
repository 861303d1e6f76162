"""What the query and mutation roots of the Admin API do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from graphql import GraphQLError, GraphQLSchema

from shopify_sandbox.delivery import API_VERSION
from shopify_sandbox.listing import BadPage
from shopify_sandbox.resolvers import Call, Info, View, connection, invalid, look_up, page_view
from shopify_sandbox.subscriptions import SCOPE_OF_TOPIC, Subscription, enum_of_topic, topic_of_enum
from shopify_sandbox.views import at, gid

LISTS = {"orders": "Order", "customers": "Customer", "products": "Product", "productVariants": "ProductVariant"}
LIST_SCOPES = {"orders": "read_orders", "customers": "read_customers"}
HEARD = {
    "ORDERS_CREATE",
    "ORDERS_UPDATED",
    "ORDERS_PAID",
    "ORDERS_CANCELLED",
    "ORDERS_EDITED",
    "ORDERS_DELETE",
    "REFUNDS_CREATE",
    "ORDER_TRANSACTIONS_CREATE",
    "TENDER_TRANSACTIONS_CREATE",
    "RETURNS_REQUEST",
    "RETURNS_APPROVE",
    "RETURNS_PROCESS",
    "RETURNS_UPDATE",
    "RETURNS_DECLINE",
    "RETURNS_CANCEL",
    "RETURNS_CLOSE",
    "RETURNS_REOPEN",
    "CUSTOMERS_CREATE",
    "CUSTOMERS_UPDATE",
    "CUSTOMERS_DELETE",
    "CUSTOMERS_MERGE",
    "PRODUCTS_CREATE",
    "PRODUCTS_UPDATE",
    "PRODUCTS_DELETE",
    "BULK_OPERATIONS_FINISH",
    "APP_UNINSTALLED",
    "APP_SCOPES_UPDATE",
    "SHOP_UPDATE",
}


def attach(schema: GraphQLSchema) -> GraphQLSchema:
    """Give both roots their resolvers."""
    query, mutation = schema.query_type, schema.mutation_type
    if query is None or mutation is None:
        raise ValueError("the schema has no roots")
    roots: dict[str, Callable[..., Any]] = {
        "app": app,
        "bulkOperation": bulk_operation,
        "currentAppInstallation": installation,
        "node": node,
        "nodes": nodes,
        "shop": shop,
        "shopifyPaymentsAccount": payments_account,
        "webhookSubscription": webhook_subscription,
        "webhookSubscriptions": webhook_subscriptions,
        "webhookSubscriptionsCount": webhook_subscriptions_count,
    }
    for name in ("order", "customer", "product", "productVariant", "refund"):
        roots[name] = one_of(name)
    for name in LISTS:
        roots[name] = list_of(name)
        roots[f"{name}Count"] = count_of(name)
    for name, definition in query.fields.items():
        definition.resolve = roots[name]
    writes: dict[str, Callable[..., Any]] = {
        "webhookSubscriptionCreate": subscribe,
        "webhookSubscriptionUpdate": resubscribe,
        "webhookSubscriptionDelete": unsubscribe,
        "bulkOperationRunQuery": run_bulk,
        "bulkOperationCancel": cancel_bulk,
    }
    for name, definition in mutation.fields.items():
        definition.resolve = writes[name]
    return schema


def node(_root: object, info: Info, id: str) -> View | None:
    call: Call = info.context
    found = look_up(call, id, "node")
    if found is None and "/WebhookSubscription/" in id:
        return webhook_subscription(_root, info, id)
    return found


def nodes(_root: object, info: Info, ids: list[str]) -> list[View | None]:
    if len(ids) > 250:
        raise invalid("The input array size of nodes is greater than the maximum allowed of 250")
    return [node(None, info, one) for one in ids]


def one_of(name: str) -> Callable[..., Any]:
    kind = name[0].upper() + name[1:]

    def resolve(_root: object, info: Info, id: str) -> View | None:
        if not id.startswith(f"gid://shopify/{kind}/"):
            raise invalid(f"Invalid id: {id}")
        return look_up(info.context, id, name)

    return resolve


def list_of(name: str) -> Callable[..., Any]:
    kind = LISTS[name]

    def resolve(_root: object, info: Info, **args: Any) -> View:
        call: Call = info.context
        call.demand(LIST_SCOPES.get(name, "read_products"), name)
        try:
            page = call.lister.page(call.shop, name, args, call.visible_until())
        except BadPage as refusal:
            raise invalid(str(refusal)) from None
        if page.warnings:
            call.search.append(
                {
                    "path": info.path.as_list(),
                    "query": args.get("query"),
                    "parsed": {},
                    "warnings": page.warnings,
                }
            )
        ids = [r[1].id if name == "productVariants" else r.id for r in page.records]
        views = [look_up(call, gid(kind, identity), name) for identity in ids]
        seen = [(v, c) for v, c in zip(views, page.cursors, strict=True) if v is not None]
        view = page_view([v for v, _ in seen], [c for _, c in seen], more=page.more, before=page.before)
        if page.cursors:
            view["pageInfo"]["endCursor"] = page.cursors[-1]
        return view

    return resolve


def count_of(name: str) -> Callable[..., Any]:
    def resolve(_root: object, info: Info, **args: Any) -> View:
        call: Call = info.context
        call.demand(LIST_SCOPES.get(name, "read_products"), f"{name}Count")
        count, search = call.lister.count(call.shop, name, args.get("query"))
        if search.warnings:
            call.search.append(
                {
                    "path": info.path.as_list(),
                    "query": args.get("query"),
                    "parsed": {},
                    "warnings": search.warnings,
                }
            )
        limit = args.get("limit")
        capped = limit is not None and count > limit
        return {"count": limit if capped else count, "precision": "AT_LEAST" if capped else "EXACT"}

    return resolve


def shop(_root: object, info: Info) -> View:
    call: Call = info.context
    facts = call.shop.facts
    offset = call.desk.clock.precise().astimezone(ZoneInfo(facts.zone)).strftime("%z")
    return {
        "id": gid("Shop", facts.id),
        "name": facts.name,
        "myshopifyDomain": facts.domain,
        "email": facts.email,
        "contactEmail": facts.email,
        "currencyCode": facts.currency,
        "enabledPresentmentCurrencies": [facts.currency],
        "ianaTimezone": facts.zone,
        "timezoneOffset": offset,
        "taxesIncluded": facts.taxes_included,
        "taxShipping": True,
        "orderNumberFormatPrefix": "#",
        "orderNumberFormatSuffix": "",
        "plan": {"publicDisplayName": "Basic", "partnerDevelopment": True, "shopifyPlus": False},
        "createdAt": at(facts.created_at),
        "url": f"https://{facts.domain}",
        "primaryDomain": {"id": gid("Domain", facts.id), "host": facts.domain, "url": f"https://{facts.domain}"},
        "currencyFormats": {"moneyFormat": "{{amount}}"},
        "billingAddress": {
            "id": gid("ShopAddress", facts.id),
            "address1": "1 Main Street",
            "city": "Springfield",
            "company": facts.name,
            "country": facts.country,
            "countryCodeV2": facts.country_code,
            "province": facts.province,
            "provinceCode": facts.province_code,
            "zip": "10001",
        },
    }


def installation(_root: object, info: Info) -> View:
    call: Call = info.context
    return {
        "id": gid("AppInstallation", _app_number(call)),
        "accessScopes": [{"handle": s, "description": s.replace("_", " ")} for s in sorted(call.scopes)],
        "app": app(None, info),
    }


def app(_root: object, info: Info, id: str | None = None) -> View | None:
    call: Call = info.context
    mine = gid("App", _app_number(call))
    if id not in (None, mine):
        return None
    client = call.desk.apps.clients[call.token.client_id]
    return {"id": mine, "title": client.name, "apiKey": client.client_id, "handle": client.name.lower()}


def _app_number(call: Call) -> int:
    return 9000 + list(call.desk.apps.clients).index(call.token.client_id)


def payments_account(_root: object, info: Info) -> None:
    """No store here uses Shopify Payments' payouts yet."""
    call: Call = info.context
    if not call.allows("read_shopify_payments_payouts"):
        call.demand("read_shopify_payments_accounts", "shopifyPaymentsAccount")


def subscription_view(held: Subscription) -> View:
    return {
        "__typename": "WebhookSubscription",
        "id": gid("WebhookSubscription", held.id),
        "legacyResourceId": str(held.id),
        "topic": enum_of_topic(held.topic),
        "uri": held.uri,
        "callbackUrl": held.uri,
        "format": "JSON",
        "filter": None,
        "includeFields": held.include_fields,
        "name": held.name,
        "createdAt": at(held.created_at),
        "updatedAt": at(held.updated_at),
        "apiVersion": {"handle": API_VERSION},
    }


def webhook_subscription(_root: object, info: Info, id: str) -> View | None:
    held = _own(info.context, id)
    return subscription_view(held) if held else None


def webhook_subscriptions(_root: object, info: Info, **args: Any) -> View:
    call: Call = info.context
    held = call.desk.subscriptions.of_app(call.token.client_id, call.shop.domain)
    topics, uri = args.get("topics"), args.get("uri") or args.get("callbackUrl")
    views = [subscription_view(s) for s in sorted(held, key=lambda s: s.id)]
    chosen = [v for v in views if (not topics or v["topic"] in topics) and (not uri or v["uri"] == uri)]
    page: View = connection("webhookSubscriptions")({"webhookSubscriptions": chosen}, info, **args)
    return page


def webhook_subscriptions_count(_root: object, info: Info, **_args: Any) -> View:
    call: Call = info.context
    count = len(call.desk.subscriptions.of_app(call.token.client_id, call.shop.domain))
    return {"count": count, "precision": "EXACT"}


def _own(call: Call, identity: str) -> Subscription | None:
    number = identity.rsplit("/", 1)[-1]
    held = call.desk.subscriptions.get(int(number)) if number.isdigit() else None
    if held is None or (held.client_id, held.shop) != (call.token.client_id, call.shop.domain):
        return None
    return held


def _complaint(text: str, *path: str) -> View:
    return {"field": list(path), "message": text}


def _check(call: Call, topic: str, wanted: View, own: int | None) -> View | None:
    uri = wanted.get("uri") or wanted.get("callbackUrl")
    if not uri or not uri.startswith(("http://", "https://")):
        return _complaint("Address is invalid", "webhookSubscription", "uri")
    if topic not in HEARD:
        return _complaint("This topic is not offered by the stand-in", "topic")
    if wanted.get("format") not in (None, "JSON") or wanted.get("filter"):
        return _complaint("Only unfiltered JSON is offered by the stand-in", "webhookSubscription")
    name = topic_of_enum(topic)
    scope = SCOPE_OF_TOPIC.get(name) or SCOPE_OF_TOPIC.get(name.partition("/")[0])
    if scope and not call.allows(scope):
        return _complaint(f"You do not have permission to create or update webhooks with {name} topic", "topic")
    twins = [
        s
        for s in call.desk.subscriptions.of_app(call.token.client_id, call.shop.domain)
        if (s.topic, s.uri) == (name, uri) and s.id != own
    ]
    if twins:
        return _complaint("Address for this topic has already been taken", "webhookSubscription", "uri")
    return None


def subscribe(_root: object, info: Info, topic: str, webhookSubscription: View) -> View:  # noqa: N803
    call: Call = info.context
    complaint = _check(call, topic, webhookSubscription, None)
    if complaint:
        return {"webhookSubscription": None, "userErrors": [complaint]}
    now = call.desk.clock.now()
    held = Subscription(
        id=call.shop.new_id(),
        client_id=call.token.client_id,
        shop=call.shop.domain,
        topic=topic_of_enum(topic),
        uri=webhookSubscription.get("uri") or webhookSubscription["callbackUrl"],
        include_fields=webhookSubscription.get("includeFields") or [],
        name=webhookSubscription.get("name"),
        created_at=now,
        updated_at=now,
    )
    call.shop.save_facts()
    call.desk.subscriptions.save(held)
    return {"webhookSubscription": subscription_view(held), "userErrors": []}


def resubscribe(
    _root: object,
    info: Info,
    id: str,
    webhookSubscription: View,  # noqa: N803
) -> View:
    call: Call = info.context
    held = _own(call, id)
    if held is None:
        return {"webhookSubscription": None, "userErrors": [_complaint("Webhook subscription does not exist", "id")]}
    complaint = _check(call, enum_of_topic(held.topic), {"uri": held.uri, **webhookSubscription}, held.id)
    if complaint:
        return {"webhookSubscription": None, "userErrors": [complaint]}
    held.uri = webhookSubscription.get("uri") or webhookSubscription.get("callbackUrl") or held.uri
    held.include_fields = webhookSubscription.get("includeFields") or held.include_fields
    held.updated_at = call.desk.clock.now()
    call.desk.subscriptions.save(held)
    return {"webhookSubscription": subscription_view(held), "userErrors": []}


def unsubscribe(_root: object, info: Info, id: str) -> View:
    call: Call = info.context
    held = _own(call, id)
    if held is None:
        complaint = _complaint("Webhook subscription does not exist", "id")
        return {"deletedWebhookSubscriptionId": None, "userErrors": [complaint]}
    call.desk.subscriptions.remove(held.id)
    return {"deletedWebhookSubscriptionId": id, "userErrors": []}


def bulk_operation(_root: object, info: Info, id: str) -> View | None:
    call: Call = info.context
    return call.bulk.find(call, id)


def run_bulk(_root: object, info: Info, query: str, groupObjects: bool = False) -> View:  # noqa: N803
    """Grouped objects are not offered: nobody here needs them."""
    call: Call = info.context
    if call.bulk.faults.refuse:
        raise GraphQLError(
            "Access denied for bulkOperationRunQuery field. Bulk operations are not enabled for this app.",
            extensions={"code": "ACCESS_DENIED"},
        )
    if groupObjects:
        complaint = {"field": ["groupObjects"], "message": "Not offered by the stand-in", "code": "INVALID"}
        return {"bulkOperation": None, "userErrors": [complaint]}
    return call.bulk.start(call, info.schema, query)


def cancel_bulk(_root: object, info: Info, id: str) -> View:
    call: Call = info.context
    return call.bulk.cancel(call, id)
