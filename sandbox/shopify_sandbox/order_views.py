"""A whole order as GraphQL sees it, as a nested map."""

from __future__ import annotations

from shopify_sandbox.ledger_views import Parts, agreement_view, refund_view
from shopify_sandbox.order_records import Order
from shopify_sandbox.part_views import application_view, fee_view, transaction_view
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import Totals, financial_status, totals_of
from shopify_sandbox.views import Minter, View, address_view, at, gid


def company_view(order: Order) -> View | None:
    if order.company is None:
        return None
    company = order.company
    return {
        "__typename": "PurchasingCompany",
        "company": {"id": gid("Company", company.id), "name": company.name},
        "location": {"id": gid("CompanyLocation", company.location_id), "name": company.location},
    }


def terms_view(order: Order, totals: Totals, mint: Minter) -> View | None:
    terms = order.payment_terms
    if terms is None:
        return None
    due = max(0, totals.outstanding)
    return {
        "id": gid("PaymentTerms", terms.id),
        "paymentTermsName": terms.name,
        "paymentTermsType": terms.kind,
        "dueInDays": terms.days,
        "overdue": False,
        "paymentSchedules": [
            {
                "id": gid("PaymentSchedule", terms.id),
                "dueAt": at(terms.due_at),
                "issuedAt": at(order.processed_at),
                "completedAt": None if due else at(order.updated_at),
                "balanceDue": mint.money(due),
                "totalBalance": mint.money(due),
            }
        ],
    }


def order_view(shop: Shop, order: Order) -> View:
    """The whole order."""
    parts, totals = Parts.of(order), totals_of(order)
    mint = parts.mint
    bag, status = mint.bag, financial_status(order, totals)
    gateways = list(dict.fromkeys(t.gateway for t in order.transactions if t.kind not in ("REFUND", "VOID")))
    codes = [d.title for d in order.discounts if d.kind == "code"]
    customer = gid("Customer", order.customer_id) if order.customer_id in shop.customers else None
    shipping = list(parts.shipping.values())
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
        "fullyPaid": totals.outstanding <= 0 or status == "PAID",
        "displayFinancialStatus": status,
        "displayFulfillmentStatus": "FULFILLED" if order.fulfilled else "UNFULFILLED",
        "returnStatus": "RETURNED" if order.returns else "NO_RETURN",
        "currencyCode": order.shop_currency,
        "presentmentCurrencyCode": order.currency,
        "taxesIncluded": order.taxes_included,
        "dutiesIncluded": order.duties_included,
        "taxExempt": order.tax_exempt,
        "estimatedTaxes": False,
        "sourceName": order.source,
        "sourceIdentifier": None,
        "tags": order.tags,
        "note": order.note,
        "poNumber": order.po_number,
        "email": order.email,
        "phone": order.phone,
        "paymentGatewayNames": gateways,
        "customAttributes": [{"key": k, "value": v} for k, v in order.attributes.items()],
        "app": {"id": gid("App", 580111), "name": "Online Store"},
        "retailLocation": None,
        "customer": customer,
        "purchasingEntity": company_view(order) or customer,
        "paymentTerms": terms_view(order, totals, mint),
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
        "returns": list(parts.returns.values()),
        "additionalFees": [fee_view(fee, "AdditionalFee", mint) for fee in order.fees],
        "subtotalLineItemsQuantity": sum(x.quantity for x in order.lines if not x.tip),
        "currentSubtotalLineItemsQuantity": sum(x.current_quantity for x in order.lines if not x.tip),
        "discountApplications": [application_view(d, i, mint) for i, d in enumerate(order.discounts)],
        "subtotalPriceSet": bag(totals.subtotal),
        "totalShippingPriceSet": bag(totals.shipping_before_discount),
        "totalTaxSet": bag(totals.tax),
        "totalDiscountsSet": bag(totals.discounts),
        "totalTipReceivedSet": bag(totals.tip),
        "originalTotalDutiesSet": bag(totals.duties) if order.duties else None,
        "originalTotalAdditionalFeesSet": bag(totals.fees) if order.fees else None,
        "originalTotalPriceSet": bag(totals.original_total),
        "totalPriceSet": bag(totals.total),
        "currentSubtotalPriceSet": bag(totals.current_subtotal),
        "currentShippingPriceSet": bag(totals.current_shipping),
        "currentTotalTaxSet": bag(totals.current_tax),
        "currentTotalDiscountsSet": bag(totals.current_discounts),
        "currentTotalDutiesSet": bag(totals.current_duties) if order.duties else None,
        "currentTotalAdditionalFeesSet": bag(totals.current_fees) if order.fees else None,
        "currentTotalPriceSet": bag(totals.current_total),
        "totalReceivedSet": bag(totals.received),
        "totalRefundedSet": bag(totals.refunded),
        "totalRefundedShippingSet": bag(totals.refunded_shipping),
        "netPaymentSet": bag(totals.net_payment),
        "totalOutstandingSet": bag(totals.outstanding),
        "totalCapturableSet": bag(totals.capturable),
        "refundDiscrepancySet": bag(totals.discrepancy),
        "totalCashRoundingAdjustment": {
            "paymentSet": bag(totals.payment_rounding),
            "refundSet": bag(totals.refund_rounding),
        },
        "taxLines": mint.taxes(totals.taxes),
        "currentTaxLines": mint.taxes(totals.current_taxes),
        "shippingLines": shipping,
        "shippingLine": shipping[0] if shipping else None,
        "transactionsCount": {"count": len(order.transactions), "precision": "EXACT"},
        "transactions": [transaction_view(order, t, mint) for t in order.transactions],
        "refunds": [refund_view(parts, r) for r in order.refunds],
        "lineItems": list(parts.lines.values()),
        "agreements": [agreement_view(parts, a) for a in order.agreements] if order.lists_agreements else [],
    }
