"""The parts of an order as GraphQL sees them: lines, shipping, duties, fees and transactions, as nested maps."""

from __future__ import annotations

from shopify_sandbox.order_records import (
    AdditionalFee,
    Allocation,
    Discount,
    Duty,
    Order,
    OrderLine,
    ShippingLine,
    Transaction,
)
from shopify_sandbox.views import Minter, View, at, gid


def application_view(discount: Discount, index: int, mint: Minter) -> View:
    value: View
    if discount.percentage is not None:
        value = {"__typename": "PricingPercentageValue", "percentage": discount.percentage + ".0"}
    else:
        value = {"__typename": "MoneyV2", **mint.money(discount.amount or 0)}
    kinds = {"code": "DiscountCodeApplication", "manual": "ManualDiscountApplication"}
    return {
        "__typename": kinds.get(discount.kind, "AutomaticDiscountApplication"),
        "index": index,
        "allocationMethod": discount.allocation,
        "targetSelection": discount.target_selection,
        "targetType": discount.target_type,
        "value": value,
        "code": discount.title,
        "title": discount.title,
        "description": None,
    }


def allocation_views(order: Order, allocations: list[Allocation], mint: Minter) -> list[View]:
    return [
        {
            "allocatedAmountSet": mint.bag(a.amount),
            "discountApplication": application_view(order.discounts[a.application], a.application, mint),
        }
        for a in allocations
    ]


def line_view(order: Order, line: OrderLine, mint: Minter) -> View:
    """A line item; order-wide discounts are left out of the `discounted…` amounts, as in Shopify."""
    own = sum(a.amount for a in line.allocations if order.discounts[a.application].target_selection != "ALL")
    after_all = line.gross - line.discount
    quantity = line.quantity or 1
    return {
        "id": gid("LineItem", line.id),
        "title": line.title,
        "variantTitle": line.variant_title,
        "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
        "sku": line.sku,
        "vendor": line.vendor,
        "quantity": line.quantity,
        "currentQuantity": line.current_quantity,
        "refundableQuantity": line.current_quantity,
        "unfulfilledQuantity": 0 if order.fulfilled else line.current_quantity,
        "nonFulfillableQuantity": 0,
        "isGiftCard": line.gift_card,
        "taxable": line.taxable,
        "requiresShipping": line.requires_shipping,
        "merchantEditable": True,
        "restockable": line.variant_id is not None,
        "product": gid("Product", line.product_id) if line.product_id else None,
        "variant": gid("ProductVariant", line.variant_id) if line.variant_id else None,
        "customAttributes": [{"key": k, "value": v} for k, v in line.properties.items()],
        "lineItemGroup": None,
        "duties": [duty_view(duty, mint) for duty in line.duties],
        "originalUnitPriceSet": mint.bag(line.unit_price),
        "originalTotalSet": mint.bag(line.gross),
        "totalDiscountSet": mint.bag(own),
        "discountedTotalSet": mint.bag(line.gross - own),
        "discountedUnitPriceSet": mint.bag((line.gross - own) // quantity),
        "discountedUnitPriceAfterAllDiscountsSet": mint.bag(after_all // quantity),
        "unfulfilledDiscountedTotalSet": mint.bag((line.gross - own) // quantity * line.current_quantity),
        "discountAllocations": allocation_views(order, line.allocations, mint),
        "taxLines": mint.taxes(line.taxes),
    }


def duty_view(duty: Duty, mint: Minter) -> View:
    return {
        "__typename": "Duty",
        "id": gid("Duty", duty.id),
        "harmonizedSystemCode": duty.code,
        "price": mint.bag(duty.amount),
        "taxLines": mint.taxes(duty.taxes),
    }


def fee_view(fee: AdditionalFee, kind: str, mint: Minter) -> View:
    """`kind` is AdditionalFee on the order and SaleAdditionalFee on a sale."""
    return {
        "__typename": kind,
        "id": gid(kind, fee.id),
        "name": fee.name,
        "price": mint.bag(fee.amount),
        "taxLines": mint.taxes(fee.taxes),
    }


def current_price(order: Order, line: ShippingLine) -> int:
    """What is left of a shipping line: with tax where prices include it."""
    sales = [sale for agreement in order.agreements for sale in agreement.sales if sale.shipping_line_id == line.id]
    return sum(sale.total - (0 if order.taxes_included else sale.tax) for sale in sales)


def shipping_view(order: Order, line: ShippingLine, mint: Minter) -> View:
    return {
        "id": gid("ShippingLine", line.id),
        "title": line.title,
        "code": line.title,
        "source": "shopify",
        "isRemoved": line.removed,
        "custom": False,
        "originalPriceSet": mint.bag(line.price),
        "discountedPriceSet": mint.bag(line.discounted),
        "currentDiscountedPriceSet": mint.bag(current_price(order, line)),
        "discountAllocations": allocation_views(order, line.allocations, mint),
        "taxLines": mint.taxes(line.taxes),
    }


def transaction_view(order: Order, transaction: Transaction, mint: Minter) -> View:
    """An order transaction; the payment id counts the order's transactions."""
    place = order.transactions.index(transaction) + 1
    parent = next((t for t in order.transactions if t.id == transaction.parent_id), None)
    fees = []
    if transaction.fee is not None:
        fees = [
            {
                "id": gid("TransactionFee", transaction.id),
                "type": "processing_fee",
                "rate": "0.029",
                "rateName": "card",
                "flatFeeName": "flat",
                "amount": mint.money(transaction.fee),
                "flatFee": mint.money(30),
                "taxAmount": mint.money(0),
            }
        ]
    return {
        "id": gid("OrderTransaction", transaction.id),
        "kind": transaction.kind,
        "status": transaction.status,
        "test": transaction.test,
        "gateway": transaction.gateway,
        "formattedGateway": transaction.formatted_gateway,
        "manualPaymentGateway": transaction.manual,
        "paymentId": f"{order.name}.{place}",
        "authorizationCode": None,
        "errorCode": None,
        "createdAt": at(transaction.created_at),
        "processedAt": at(transaction.created_at),
        "amountSet": mint.bag(transaction.amount),
        "amountRoundingSet": mint.bag(transaction.rounding) if transaction.gateway == "cash" else None,
        "totalUnsettledSet": mint.bag(0),
        "fees": fees,
        "receiptJson": transaction.receipt,
        "parentTransaction": transaction_view(order, parent, mint) if parent else None,
        "order": gid("Order", order.id),
    }
