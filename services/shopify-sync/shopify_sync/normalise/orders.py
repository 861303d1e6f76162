"""An order as Shopify's GraphQL gives it, with its refunds, becomes an Order."""

from __future__ import annotations

from collections.abc import Sequence

from ledgerport.events.v2 import entity_pb2
from shopify_sync.normalise import derived
from shopify_sync.normalise.agreements import agreements
from shopify_sync.normalise.customers import customer
from shopify_sync.normalise.pairs import Currencies
from shopify_sync.normalise.refunds import age, refund
from shopify_sync.normalise.transactions import transaction
from shopify_sync.normalise.values import Node, id_of, instant, nodes, place, text, variant_title


def order(node: Node, refunds: Sequence[Node], zone: str) -> entity_pb2.Order:
    """`node` holds all its lines, `refunds` all its refunds; `zone` is the store's IANA time zone."""
    currencies = Currencies(node["currencyCode"], node["presentmentCurrencyCode"])
    buyer = node.get("customer")
    given_back = sorted((refund(each, currencies) for each in refunds), key=age)
    return entity_pb2.Order(
        name=node["name"],
        created_at=instant(node["createdAt"]),
        processed_at=instant(node["processedAt"]),
        cancelled_at=instant(node.get("cancelledAt")),
        store_zone=zone,
        currency=currencies.shop,
        presentment_currency=currencies.presentment,
        test=node["test"],
        edited=node["edited"],
        taxes_included=node["taxesIncluded"],
        duties_included=node["dutiesIncluded"],
        financial_status=text(node.get("displayFinancialStatus")),
        fulfillment_status=text(node.get("displayFulfillmentStatus")),
        customer_id=id_of(buyer),
        customer=customer(buyer) if buyer else None,
        email=text(node.get("email")),
        billing_address=place(node.get("billingAddress")),
        shipping_address=place(node.get("shippingAddress")),
        lines=[_line(line, currencies) for line in nodes(node["lineItems"])],
        shipping_lines=[
            entity_pb2.ShippingLine(id=text(line.get("id")), title=line["title"])
            for line in nodes(node["shippingLines"])
        ],
        transactions=[transaction(each, currencies) for each in node["transactions"]],
        refunds=given_back,
        totals=_totals(node, currencies),
        tags=sorted(node.get("tags") or []),
        agreements=_agreements(node, refunds, given_back, currencies),
        company=_company(node),
        purchase_order_number=text(node.get("poNumber")),
        payment_terms=_payment_terms(node.get("paymentTerms")),
        source_name=text(node.get("sourceName")),
    )


def _agreements(
    node: Node, refunds: Sequence[Node], given_back: Sequence[entity_pb2.Refund], currencies: Currencies
) -> list[entity_pb2.Agreement]:
    if nodes(node.get("agreements")):
        return agreements(node, given_back, currencies)
    oldest_first = {each.id: place for place, each in enumerate(given_back)}
    return derived.agreements(node, sorted(refunds, key=lambda each: oldest_first[each["id"]]), currencies)


def _totals(node: Node, currencies: Currencies) -> entity_pb2.OrderTotals:
    rounding = node["totalCashRoundingAdjustment"]
    return entity_pb2.OrderTotals(
        total=currencies.of(node["totalPriceSet"]).to_proto(),
        current_total=currencies.of(node["currentTotalPriceSet"]).to_proto(),
        received=currencies.of(node["totalReceivedSet"]).to_proto(),
        refunded=currencies.of(node["totalRefundedSet"]).to_proto(),
        net_payment=currencies.of(node["netPaymentSet"]).to_proto(),
        outstanding=currencies.of(node["totalOutstandingSet"]).to_proto(),
        cash_rounding_payment=currencies.of(rounding["paymentSet"]).to_proto(),
        cash_rounding_refund=currencies.of(rounding["refundSet"]).to_proto(),
    )


def _line(node: Node, currencies: Currencies) -> entity_pb2.OrderLine:
    return entity_pb2.OrderLine(
        id=node["id"],
        title=node["title"],
        variant_title=variant_title(node.get("variantTitle")),
        sku=text(node.get("sku")),
        product_id=id_of(node.get("product")),
        variant_id=id_of(node.get("variant")),
        quantity=node["quantity"],
        current_quantity=node["currentQuantity"],
        unit_price=currencies.of(node["originalUnitPriceSet"]).to_proto(),
        gift_card=node["isGiftCard"],
        taxable=node["taxable"],
    )


def _company(node: Node) -> entity_pb2.Company | None:
    """Only a purchasing company has one; a person that buys for themselves is the customer."""
    entity = node.get("purchasingEntity") or {}
    company = entity.get("company")
    if not company:
        return None
    return entity_pb2.Company(
        id=company["id"],
        name=text(company.get("name")),
        location_name=text((entity.get("location") or {}).get("name")),
    )


def _payment_terms(node: Node | None) -> entity_pb2.PaymentTerms | None:
    if node is None:
        return None
    due = [each["dueAt"] for each in nodes(node.get("paymentSchedules")) if each.get("dueAt")]
    return entity_pb2.PaymentTerms(name=text(node.get("paymentTermsName")), due_at=instant(max(due, default=None)))
