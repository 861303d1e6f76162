"""Orders as GraphQL sees them: lines, shipping, transactions, refunds and agreements, as nested maps."""

from __future__ import annotations

from shopify_sandbox.model import (
    Agreement,
    Allocation,
    Discount,
    Order,
    OrderLine,
    Refund,
    Sale,
    ShippingLine,
    Transaction,
)
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import Totals, financial_status, totals_of
from shopify_sandbox.views import Minter, View, address_view, at, gid


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
        "duties": [],
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


def shipping_view(order: Order, line: ShippingLine, totals: Totals, mint: Minter) -> View:
    return {
        "id": gid("ShippingLine", line.id),
        "title": line.title,
        "code": line.title,
        "source": "shopify",
        "isRemoved": False,
        "custom": False,
        "originalPriceSet": mint.bag(line.price),
        "discountedPriceSet": mint.bag(line.discounted),
        "currentDiscountedPriceSet": mint.bag(totals.current_shipping),
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
        "amountRoundingSet": None,
        "totalUnsettledSet": mint.bag(0),
        "fees": fees,
        "receiptJson": transaction.receipt,
        "parentTransaction": transaction_view(order, parent, mint) if parent else None,
        "order": gid("Order", order.id),
    }


def refund_view(order: Order, refund: Refund) -> View:
    mint = Minter(order.currency)
    lines = {line.id: line for line in order.lines}
    shipping = {line.id: line for line in order.shipping}
    totals = totals_of(order)
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
        "return": None,
        "duties": [],
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
                "lineItem": line_view(order, lines[line.line_id], mint),
            }
            for line in refund.lines
        ],
        "refundShippingLines": [
            {
                "id": gid("RefundShippingLine", line.id),
                "subtotalAmountSet": mint.bag(line.subtotal),
                "taxAmountSet": mint.bag(line.tax),
                "shippingLine": shipping_view(order, shipping[line.shipping_line_id], totals, mint),
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


SALE_TYPES = {"PRODUCT": "ProductSale", "TIP": "TipSale", "GIFT_CARD": "GiftCardSale", "SHIPPING": "ShippingLineSale"}
AGREEMENT_TYPES = {"ORDER": "OrderAgreement", "ORDER_EDIT": "OrderEditAgreement", "REFUND": "RefundAgreement"}


def sale_view(order: Order, sale: Sale, totals: Totals, mint: Minter) -> View:
    line = next((x for x in order.lines if x.id == sale.line_id), None)
    shipping = next((x for x in order.shipping if x.id == sale.shipping_line_id), None)
    return {
        "__typename": SALE_TYPES[sale.line_type],
        "id": gid("Sale", sale.id),
        "actionType": sale.action,
        "lineType": sale.line_type,
        "quantity": sale.quantity,
        "totalAmount": mint.bag(sale.total),
        "totalTaxAmount": mint.bag(sale.tax),
        "totalDiscountAmountAfterTaxes": mint.bag(sale.discount),
        "totalDiscountAmountBeforeTaxes": mint.bag(sale.discount),
        "taxes": [
            {"id": gid("SaleTax", sale.id * 10 + i), "amount": mint.bag(tax.amount), "taxLine": view}
            for i, (tax, view) in enumerate(zip(sale.taxes, mint.taxes(sale.taxes), strict=True))
        ],
        "lineItem": line_view(order, line, mint) if line else None,
        "shippingLine": shipping_view(order, shipping, totals, mint) if shipping else None,
    }


def agreement_view(order: Order, agreement: Agreement, totals: Totals, mint: Minter) -> View:
    return {
        "__typename": AGREEMENT_TYPES[agreement.reason],
        "id": gid("SalesAgreement", agreement.id),
        "happenedAt": at(agreement.happened_at),
        "reason": agreement.reason,
        "app": None,
        "user": None,
        "order": gid("Order", order.id),
        "refund": gid("Refund", agreement.refund_id or 0),
        "sales": [sale_view(order, sale, totals, mint) for sale in agreement.sales],
    }


def order_view(shop: Shop, order: Order) -> View:
    """The whole order."""
    mint, totals = Minter(order.currency), totals_of(order)
    bag, status = mint.bag, financial_status(order, totals)
    gateways = list(dict.fromkeys(t.gateway for t in order.transactions if t.kind not in ("REFUND", "VOID")))
    codes = [d.title for d in order.discounts if d.kind == "code"]
    customer = gid("Customer", order.customer_id) if order.customer_id in shop.customers else None
    shipping = [shipping_view(order, line, totals, mint) for line in order.shipping]
    return {
        "__typename": "Order",
        "id": gid("Order", order.id),
        "legacyResourceId": str(order.id),
        "name": order.name,
        "number": order.number,
        "confirmationNumber": f"N{order.id % 10**8:08d}",
        "createdAt": at(order.created_at),
        "processedAt": at(order.processed_at),
        "updatedAt": at(order.updated_at),
        "cancelledAt": at(order.cancelled_at),
        "cancelReason": order.cancel_reason,
        "closedAt": at(order.closed_at),
        "closed": order.closed_at is not None,
        "test": order.test,
        "edited": order.edited,
        "confirmed": True,
        "unpaid": totals.received == 0,
        "fullyPaid": totals.outstanding <= 0,
        "displayFinancialStatus": status,
        "displayFulfillmentStatus": "FULFILLED" if order.fulfilled else "UNFULFILLED",
        "returnStatus": "NO_RETURN",
        "currencyCode": order.currency,
        "presentmentCurrencyCode": order.currency,
        "taxesIncluded": order.taxes_included,
        "dutiesIncluded": False,
        "taxExempt": order.tax_exempt,
        "estimatedTaxes": False,
        "sourceName": order.source,
        "sourceIdentifier": None,
        "tags": order.tags,
        "note": order.note,
        "poNumber": None,
        "email": order.email,
        "phone": order.phone,
        "paymentGatewayNames": gateways,
        "customAttributes": [{"key": k, "value": v} for k, v in order.attributes.items()],
        "app": {"id": gid("App", 580111), "name": "Online Store"},
        "retailLocation": None,
        "customer": customer,
        "purchasingEntity": customer,
        "paymentTerms": None,
        "billingAddress": address_view(order.billing_address, order.id),
        "shippingAddress": address_view(order.shipping_address, order.id + 1),
        "displayAddress": address_view(order.shipping_address, order.id + 1),
        "billingAddressMatchesShippingAddress": order.billing_address == order.shipping_address,
        "customerLocale": "en",
        "customerAcceptsMarketing": False,
        "clientIp": None,
        "statusPageUrl": f"https://{shop.domain}/orders/{order.id}",
        "refundable": totals.net_payment > 0,
        "capturable": totals.capturable > 0,
        "canMarkAsPaid": totals.outstanding > 0 and not totals.capturable,
        "hasTimelineComment": False,
        "merchantEditable": order.cancelled_at is None,
        "restockable": True,
        "registeredSourceUrl": None,
        "totalWeight": "0",
        "discountCode": codes[0] if codes else None,
        "discountCodes": codes,
        "publication": None,
        "channelInformation": None,
        "merchantOfRecordApp": None,
        "paymentCollectionDetails": {"vaultedPaymentMethods": []},
        "disputes": [],
        "fulfillments": [],
        "returns": [],
        "additionalFees": [],
        "subtotalLineItemsQuantity": sum(x.quantity for x in order.lines if not x.tip),
        "currentSubtotalLineItemsQuantity": sum(x.current_quantity for x in order.lines if not x.tip),
        "discountApplications": [application_view(d, i, mint) for i, d in enumerate(order.discounts)],
        "subtotalPriceSet": bag(totals.subtotal),
        "totalShippingPriceSet": bag(totals.shipping_before_discount),
        "totalTaxSet": bag(totals.tax),
        "totalDiscountsSet": bag(totals.discounts),
        "totalTipReceivedSet": bag(totals.tip),
        "originalTotalDutiesSet": None,
        "originalTotalAdditionalFeesSet": None,
        "originalTotalPriceSet": bag(totals.original_total),
        "totalPriceSet": bag(totals.total),
        "currentSubtotalPriceSet": bag(totals.current_subtotal),
        "currentShippingPriceSet": bag(totals.current_shipping),
        "currentTotalTaxSet": bag(totals.current_tax),
        "currentTotalDiscountsSet": bag(totals.current_discounts),
        "currentTotalDutiesSet": None,
        "currentTotalAdditionalFeesSet": None,
        "currentTotalPriceSet": bag(totals.current_total),
        "totalReceivedSet": bag(totals.received),
        "totalRefundedSet": bag(totals.refunded),
        "totalRefundedShippingSet": bag(totals.refunded_shipping),
        "netPaymentSet": bag(totals.net_payment),
        "totalOutstandingSet": bag(totals.outstanding),
        "totalCapturableSet": bag(totals.capturable),
        "refundDiscrepancySet": bag(totals.discrepancy),
        "totalCashRoundingAdjustment": {"paymentSet": bag(0), "refundSet": bag(0)},
        "taxLines": mint.taxes(totals.taxes),
        "currentTaxLines": mint.taxes(totals.current_taxes),
        "shippingLines": shipping,
        "shippingLine": shipping[0] if shipping else None,
        "transactionsCount": {"count": len(order.transactions), "precision": "EXACT"},
        "transactions": [transaction_view(order, t, mint) for t in order.transactions],
        "refunds": [refund_view(order, r) for r in order.refunds],
        "lineItems": [line_view(order, line, mint) for line in order.lines],
        "agreements": [agreement_view(order, a, totals, mint) for a in order.agreements],
    }
