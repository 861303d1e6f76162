"""An order as Shopify's GraphQL gives it, with its refunds, becomes an Order."""

from __future__ import annotations

from collections.abc import Sequence

from ledgerport.events.v1 import entity_pb2
from shopify_sync.normalise.customers import customer
from shopify_sync.normalise.values import Node, instant, money, nodes, place, text

_DEFAULT_TITLE = "Default Title"


def order(node: Node, refunds: Sequence[Node], zone: str) -> entity_pb2.Order:
    """`node` holds all its lines, `refunds` all its refunds; `zone` is the store's IANA time zone."""
    buyer = node.get("customer")
    return entity_pb2.Order(
        name=node["name"],
        created_at=instant(node["createdAt"]),
        processed_at=instant(node["processedAt"]),
        cancelled_at=instant(node.get("cancelledAt")),
        store_zone=zone,
        currency=node["currencyCode"],
        presentment_currency=node["presentmentCurrencyCode"],
        test=node["test"],
        edited=node["edited"],
        taxes_included=node["taxesIncluded"],
        duties_included=node["dutiesIncluded"],
        financial_status=text(node.get("displayFinancialStatus")),
        fulfillment_status=text(node.get("displayFulfillmentStatus")),
        customer_id=buyer["id"] if buyer else "",
        customer=customer(buyer) if buyer else None,
        email=text(node.get("email")),
        billing_address=place(node.get("billingAddress")),
        shipping_address=place(node.get("shippingAddress")),
        lines=[_line(line) for line in nodes(node["lineItems"])],
        shipping_lines=[_shipping_line(line) for line in nodes(node["shippingLines"])],
        transactions=[_transaction(each) for each in node["transactions"]],
        refunds=sorted((_refund(each) for each in refunds), key=_age),
        totals=_totals(node),
        tags=sorted(node.get("tags") or []),
        additional_fees=[
            entity_pb2.Charge(name=text(fee.get("name")), price=money(fee["price"]))
            for fee in node.get("additionalFees") or []
        ],
        gateways=sorted(set(node.get("paymentGatewayNames") or [])),
        company_name=text(((node.get("purchasingEntity") or {}).get("company") or {}).get("name")),
    )


def _totals(node: Node) -> entity_pb2.OrderTotals:
    return entity_pb2.OrderTotals(
        total=money(node["totalPriceSet"]),
        current_total=money(node["currentTotalPriceSet"]),
        original_total=money(node["originalTotalPriceSet"]),
        subtotal=money(node.get("subtotalPriceSet")),
        tax=money(node.get("totalTaxSet")),
        discounts=money(node.get("totalDiscountsSet")),
        tips=money(node.get("totalTipReceivedSet")),
        received=money(node["totalReceivedSet"]),
        refunded=money(node["totalRefundedSet"]),
        net_payment=money(node["netPaymentSet"]),
        outstanding=money(node["totalOutstandingSet"]),
    )


def _line(node: Node) -> entity_pb2.OrderLine:
    variant_title = text(node.get("variantTitle"))
    return entity_pb2.OrderLine(
        id=node["id"],
        title=node["title"],
        variant_title="" if variant_title == _DEFAULT_TITLE else variant_title,
        sku=text(node.get("sku")),
        product_id=(node.get("product") or {}).get("id", ""),
        variant_id=(node.get("variant") or {}).get("id", ""),
        quantity=node["quantity"],
        current_quantity=node["currentQuantity"],
        unit_price=money(node["originalUnitPriceSet"]),
        original_total=money(node["originalTotalSet"]),
        discounts=[
            entity_pb2.Discount(amount=money(each["allocatedAmountSet"])) for each in node["discountAllocations"]
        ],
        tax_lines=[_tax(each) for each in node["taxLines"]],
        duties=[entity_pb2.Charge(price=money(each["price"])) for each in node.get("duties") or []],
        gift_card=node["isGiftCard"],
        taxable=node["taxable"],
    )


def _tax(node: Node) -> entity_pb2.TaxLine:
    return entity_pb2.TaxLine(
        title=node["title"],
        rate=str(node.get("rate") if node.get("rate") is not None else ""),
        amount=money(node["priceSet"]),
        channel_liable=bool(node.get("channelLiable")),
    )


def _shipping_line(node: Node) -> entity_pb2.ShippingLine:
    return entity_pb2.ShippingLine(
        id=text(node.get("id")),
        title=node["title"],
        original_price=money(node["originalPriceSet"]),
        discounted_price=money(node["discountedPriceSet"]),
        tax_lines=[_tax(each) for each in node["taxLines"]],
        removed=node["isRemoved"],
    )


def _transaction(node: Node) -> entity_pb2.Transaction:
    return entity_pb2.Transaction(
        id=node["id"],
        kind=node["kind"],
        status=node["status"],
        gateway=text(node.get("gateway")),
        gateway_label=text(node.get("formattedGateway")),
        manual_gateway=node["manualPaymentGateway"],
        amount=money(node["amountSet"]),
        processed_at=instant(node.get("processedAt")),
        parent_id=(node.get("parentTransaction") or {}).get("id", ""),
        test=node["test"],
    )


def _refund(node: Node) -> entity_pb2.Refund:
    return entity_pb2.Refund(
        id=node["id"],
        created_at=instant(node.get("createdAt")),
        note=text(node.get("note")),
        lines=[
            entity_pb2.RefundLine(
                line_id=each["lineItem"]["id"],
                quantity=each["quantity"],
                subtotal=money(each["subtotalSet"]),
                tax=money(each["totalTaxSet"]),
            )
            for each in nodes(node["refundLineItems"])
        ],
        shipping_lines=[
            entity_pb2.RefundShippingLine(
                shipping_line_id=text((each.get("shippingLine") or {}).get("id")),
                subtotal=money(each["subtotalAmountSet"]),
                tax=money(each["taxAmountSet"]),
            )
            for each in nodes(node["refundShippingLines"])
        ],
        adjustments=[
            entity_pb2.OrderAdjustment(
                reason=text(each.get("reason")), amount=money(each["amountSet"]), tax=money(each["taxAmountSet"])
            )
            for each in nodes(node["orderAdjustments"])
        ],
        transactions=[_transaction(each) for each in nodes(node["transactions"])],
        total_refunded=money(node["totalRefundedSet"]),
        duties=[bag for each in node.get("duties") or [] if (bag := money(each["amountSet"])) is not None],
    )


def _age(refund: entity_pb2.Refund) -> tuple[int, int, str]:
    """Oldest first: a refund's place in this order is part of its document's number."""
    return (refund.created_at.seconds, refund.created_at.nanos, refund.id)
