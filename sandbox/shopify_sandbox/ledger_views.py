"""What became of an order as GraphQL sees it: refunds, returns and agreements, as nested maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shopify_sandbox.order_records import Agreement, Order, Refund, Return, Sale
from shopify_sandbox.part_views import duty_view, fee_view, line_view, shipping_view, transaction_view
from shopify_sandbox.views import Minter, View, at, gid

SALE_TYPES = {
    "PRODUCT": "ProductSale",
    "TIP": "TipSale",
    "GIFT_CARD": "GiftCardSale",
    "SHIPPING": "ShippingLineSale",
    "DUTY": "DutySale",
    "ADDITIONAL_FEE": "AdditionalFeeSale",
    "FEE": "FeeSale",
    "ADJUSTMENT": "AdjustmentSale",
}
AGREEMENT_TYPES = {
    "ORDER": "OrderAgreement",
    "ORDER_EDIT": "OrderEditAgreement",
    "REFUND": "RefundAgreement",
    "RETURN": "ReturnAgreement",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """The views of an order's parts by their numbers, made once and shared by all that refer to them."""

    order: Order
    mint: Minter
    lines: Mapping[int, View]
    shipping: Mapping[int, View]
    duties: Mapping[int, View]
    fees: Mapping[int, View]
    returns: Mapping[int, View]

    @classmethod
    def of(cls, order: Order) -> Parts:
        mint = Minter(order.currency, order.exchange)
        return cls(
            order,
            mint,
            {line.id: line_view(order, line, mint) for line in order.lines},
            {line.id: shipping_view(order, line, mint) for line in order.shipping},
            {duty.id: duty_view(duty, mint) for line in order.lines for duty in line.duties},
            {
                **{fee.id: fee_view(fee, "SaleAdditionalFee", mint) for fee in order.fees},
                **{
                    fee.id: {"__typename": fee.kind, "id": gid(fee.kind, fee.id), "amountSet": mint.bag(fee.amount)}
                    for each in order.returns
                    for fee in each.fees
                },
            },
            {each.id: return_view(order, each, mint) for each in order.returns},
        )


def return_view(order: Order, record: Return, mint: Minter) -> View:
    lines = {line.id: line for line in order.lines}
    return {
        "__typename": "Return",
        "id": gid("Return", record.id),
        "name": record.name,
        "status": "CLOSED",
        "createdAt": at(record.created_at),
        "closedAt": at(record.created_at),
        "order": gid("Order", order.id),
        "totalQuantity": record.quantity,
        "refunds": [gid("Refund", refund.id) for refund in order.refunds if refund.return_id == record.id],
        "transactions": [
            transaction_view(order, t, mint)
            for refund in order.refunds
            if refund.return_id == record.id
            for t in order.transactions
            if t.id in refund.transaction_ids
        ],
        "returnShippingFees": [
            {"__typename": fee.kind, "id": gid(fee.kind, fee.id), "amountSet": mint.bag(fee.amount)}
            for fee in record.fees
            if fee.kind == "ReturnShippingFee"
        ],
        "exchangeLineItems": [
            {
                "id": gid("ExchangeLineItem", line_id),
                "quantity": lines[line_id].quantity,
                "title": lines[line_id].title,
                "productId": gid("Product", lines[line_id].product_id or 0) if lines[line_id].product_id else None,
                "variantId": gid("ProductVariant", lines[line_id].variant_id or 0)
                if lines[line_id].variant_id
                else None,
                "variantSku": lines[line_id].sku,
                "variantTitle": lines[line_id].variant_title,
                "lineItems": [line_view(order, lines[line_id], mint)],
            }
            for line_id in record.exchange_lines
        ],
    }


def refund_view(parts: Parts, refund: Refund) -> View:
    order, mint = parts.order, parts.mint
    sent = [t for t in order.transactions if t.id in refund.transaction_ids]
    return {
        "__typename": "Refund",
        "id": gid("Refund", refund.id),
        "legacyResourceId": str(refund.id),
        "createdAt": at(refund.created_at),
        "processedAt": at(refund.created_at),
        "updatedAt": at(refund.created_at),
        "note": refund.note,
        "order": gid("Order", order.id),
        "return": parts.returns.get(refund.return_id or 0),
        "duties": [
            {"amountSet": mint.bag(duty.amount), "originalDuty": parts.duties.get(duty.duty_id)}
            for duty in refund.duties
        ],
        "staffMember": None,
        "totalRefundedSet": mint.bag(sum(t.amount for t in sent if t.status == "SUCCESS")),
        "refundLineItems": [
            {
                "id": gid("RefundLineItem", line.id),
                "quantity": line.quantity,
                "restockType": line.restock_type,
                "restocked": line.restock_type in ("RETURN", "CANCEL"),
                "location": None,
                "priceSet": mint.bag(line.subtotal // line.quantity),
                "subtotalSet": mint.bag(line.subtotal),
                "totalTaxSet": mint.bag(line.tax),
                "lineItem": parts.lines[line.line_id],
            }
            for line in refund.lines
        ],
        "refundShippingLines": [
            {
                "id": gid("RefundShippingLine", line.id),
                "subtotalAmountSet": mint.bag(line.subtotal),
                "taxAmountSet": mint.bag(line.tax),
                "shippingLine": parts.shipping[line.shipping_line_id],
            }
            for line in refund.shipping
        ],
        "orderAdjustments": [
            {
                "id": gid("OrderAdjustment", a.id),
                "reason": a.reason,
                "amountSet": mint.bag(a.amount),
                "taxAmountSet": mint.bag(0),
            }
            for a in refund.adjustments
        ],
        "transactions": [transaction_view(order, t, mint) for t in sent],
    }


def sale_view(parts: Parts, sale: Sale) -> View:
    """As Shopify shows it: a shipping that was taken back no longer names its shipping line."""
    mint, included = parts.mint, parts.order.taxes_included
    view = {
        "__typename": SALE_TYPES[sale.line_type],
        "id": gid("Sale", sale.id),
        "actionType": sale.action,
        "lineType": sale.line_type,
        "quantity": sale.quantity,
        "totalAmount": mint.bag(sale.total),
        "totalTaxAmount": mint.bag(sale.tax),
        "totalDiscountAmountAfterTaxes": mint.bag(sale.discount + (0 if included else sale.discount_tax)),
        "totalDiscountAmountBeforeTaxes": mint.bag(sale.discount - (sale.discount_tax if included else 0)),
        "taxes": [
            {"id": gid("SaleTax", sale.id * 10 + i), "amount": tax_line["priceSet"], "taxLine": tax_line}
            for i, tax_line in enumerate(mint.taxes(sale.taxes))
        ],
    }
    match sale.line_type:
        case "PRODUCT" | "TIP" | "GIFT_CARD":
            view["lineItem"] = parts.lines[sale.line_id or 0]
        case "SHIPPING":
            view["shippingLine"] = None if sale.action == "RETURN" else parts.shipping[sale.shipping_line_id or 0]
        case "DUTY":
            view["duty"] = parts.duties[sale.duty_id or 0]
        case "ADDITIONAL_FEE":
            view["additionalFee"] = parts.fees[sale.fee_id or 0]
        case "FEE":
            view["fee"] = parts.fees[sale.fee_id or 0]
    return view


def agreement_view(parts: Parts, agreement: Agreement) -> View:
    return {
        "__typename": AGREEMENT_TYPES[agreement.reason],
        "id": gid("SalesAgreement", agreement.id),
        "happenedAt": at(agreement.happened_at),
        "reason": agreement.reason,
        "app": None,
        "user": None,
        "order": gid("Order", parts.order.id),
        "refund": gid("Refund", agreement.refund_id or 0),
        "return": parts.returns.get(agreement.return_id or 0),
        "sales": [sale_view(parts, sale) for sale in agreement.sales],
    }
