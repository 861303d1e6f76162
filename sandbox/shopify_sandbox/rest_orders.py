"""One order as webhook bodies show it: both monies with the decimals of their currencies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from shopify_sandbox.amounts import converted, fixed
from shopify_sandbox.order_records import (
    Agreement,
    Allocation,
    Discount,
    Duty,
    Order,
    OrderLine,
    Refund,
    ShippingLine,
    TaxLine,
    Transaction,
)
from shopify_sandbox.part_views import current_price
from shopify_sandbox.totals import financial_status, totals_of
from shopify_sandbox.views import gid

Body = dict[str, Any]


def number(text: str) -> msgspec.Raw:
    """A bare JSON number with exactly these digits."""
    return msgspec.Raw(text.encode())


class OrderWriter:
    """Writes an order and its parts; `at` writes times as the shop does. Plain amounts are shop money."""

    def __init__(self, order: Order, at: Callable[[datetime | None], str | None]) -> None:
        self._order, self._at = order, at

    def plain(self, amount: int) -> str:
        order = self._order
        return fixed(converted(amount, order.currency, order.exchange), order.shop_currency)

    def bag(self, amount: int) -> Body:
        order = self._order
        paid = {"amount": fixed(amount, order.currency), "currency_code": order.currency}
        if order.exchange is None:
            return {"shop_money": paid, "presentment_money": paid}
        shop = {"amount": self.plain(amount), "currency_code": order.exchange.currency}
        return {"shop_money": shop, "presentment_money": paid}

    def both(self, name: str, amount: int) -> Body:
        bag = self.bag(amount)
        return {name: bag["shop_money"]["amount"], f"{name}_set": bag}

    def order(self) -> Body:
        """All of it but addresses and customer, which are the shop's to write."""
        order = self._order
        totals = totals_of(order)
        codes = [
            {
                "code": d.title,
                "amount": self.plain(_taken(order, i)),
                "type": "percentage" if d.percentage else "fixed_amount",
            }
            for i, d in enumerate(order.discounts)
            if d.kind == "code"
        ]
        return {
            "id": order.id,
            "admin_graphql_api_id": gid("Order", order.id),
            "app_id": 580111,
            "browser_ip": None,
            "buyer_accepts_marketing": False,
            "cancel_reason": order.cancel_reason.lower() if order.cancel_reason else None,
            "cancelled_at": self._at(order.cancelled_at),
            "cart_token": None,
            "checkout_token": None,
            "client_details": None,
            "closed_at": self._at(order.closed_at),
            "confirmation_number": f"N{order.id % 10**8:08d}",
            "confirmed": True,
            "contact_email": order.email,
            "created_at": self._at(order.created_at),
            "currency": order.shop_currency,
            "current_shipping_price_set": self.bag(totals.current_shipping),
            **self.both("current_subtotal_price", totals.current_subtotal),
            **self.both("current_total_discounts", totals.current_discounts),
            **self.both("current_total_price", totals.current_total),
            **self.both("current_total_tax", totals.current_tax),
            "current_total_additional_fees_set": self.bag(totals.current_fees) if order.fees else None,
            "current_total_duties_set": self.bag(totals.current_duties) if order.duties else None,
            "customer_locale": "en",
            "device_id": None,
            "discount_codes": codes,
            "duties_included": order.duties_included,
            "email": order.email or "",
            "estimated_taxes": False,
            "financial_status": financial_status(order, totals).lower(),
            "fulfillment_status": "fulfilled" if order.fulfilled else None,
            "location_id": None,
            "merchant_of_record_app_id": None,
            "name": order.name,
            "note": order.note,
            "note_attributes": [{"name": k, "value": v} for k, v in order.attributes.items()],
            "number": order.number - 1000,
            "order_number": order.number,
            "original_total_additional_fees_set": self.bag(totals.fees) if order.fees else None,
            "original_total_duties_set": self.bag(totals.duties) if order.duties else None,
            "payment_gateway_names": list(
                dict.fromkeys(t.gateway for t in order.transactions if t.kind not in ("REFUND", "VOID"))
            ),
            "phone": order.phone,
            "po_number": order.po_number,
            "presentment_currency": order.currency,
            "processed_at": self._at(order.processed_at),
            "source_identifier": None,
            "source_name": order.source,
            **self.both("subtotal_price", totals.subtotal),
            "tags": ", ".join(order.tags),
            "tax_exempt": order.tax_exempt,
            "tax_lines": self.taxes(totals.taxes),
            "taxes_included": order.taxes_included,
            "test": order.test,
            "token": f"token-{order.id}",
            "total_cash_rounding_payment_adjustment_set": self.bag(totals.payment_rounding),
            "total_cash_rounding_refund_adjustment_set": self.bag(totals.refund_rounding),
            **self.both("total_discounts", totals.discounts),
            **self.both("total_line_items_price", totals.goods),
            "total_outstanding": self.plain(totals.outstanding),
            **self.both("total_price", totals.total),
            "total_shipping_price_set": self.bag(totals.shipping),
            **self.both("total_tax", totals.tax),
            "total_tip_received": self.plain(totals.tip),
            "total_weight": 0,
            "updated_at": self._at(order.updated_at),
            "user_id": None,
            "discount_applications": [self.application(d) for d in order.discounts],
            "fulfillments": [],
            "line_items": [self.line(line) for line in order.lines],
            "payment_terms": self.terms(),
            "company": {"id": order.company.id, "location_id": order.company.location_id} if order.company else None,
            "refunds": [self.refund(r) for r in order.refunds],
            "shipping_lines": [self.shipping(line) for line in order.shipping],
            "returns": [
                {"id": each.id, "admin_graphql_api_id": gid("Return", each.id), "name": each.name}
                for each in order.returns
            ],
            "line_item_groups": [],
        }

    def application(self, discount: Discount) -> Body:
        return {
            "target_type": discount.target_type.lower(),
            "type": "discount_code" if discount.kind == "code" else discount.kind,
            "value": discount.percentage or self.plain(discount.amount or 0),
            "value_type": "percentage" if discount.percentage else "fixed_amount",
            "allocation_method": discount.allocation.lower(),
            "target_selection": discount.target_selection.lower(),
            "code" if discount.kind == "code" else "title": discount.title,
        }

    def line(self, line: OrderLine) -> Body:
        order = self._order
        own = sum(a.amount for a in line.allocations if order.discounts[a.application].target_selection != "ALL")
        return {
            "id": line.id,
            "admin_graphql_api_id": gid("LineItem", line.id),
            "attributed_staffs": [],
            "current_quantity": line.current_quantity,
            "fulfillable_quantity": line.current_quantity,
            "fulfillment_service": "manual",
            "fulfillment_status": "fulfilled" if order.fulfilled else None,
            "gift_card": line.gift_card,
            "grams": 0,
            "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
            **self.both("price", line.unit_price),
            "product_exists": line.product_id is not None,
            "product_id": line.product_id,
            "properties": [{"name": k, "value": v} for k, v in line.properties.items()],
            "quantity": line.quantity,
            "requires_shipping": line.requires_shipping,
            "sales_line_item_group_id": None,
            "sku": line.sku,
            "taxable": line.taxable,
            "title": line.title,
            **self.both("total_discount", own),
            "variant_id": line.variant_id,
            "variant_inventory_management": "shopify" if line.variant_id else None,
            "variant_title": line.variant_title,
            "vendor": line.vendor,
            "tax_lines": self.taxes(line.taxes),
            "duties": [self.duty(duty) for duty in line.duties],
            "discount_allocations": self.allocations(line.allocations),
        }

    def terms(self) -> Body | None:
        terms = self._order.payment_terms
        if terms is None:
            return None
        return {
            "id": terms.id,
            "payment_terms_name": terms.name,
            "payment_terms_type": terms.kind.lower(),
            "due_in_days": terms.days,
            "payment_schedules": [{"id": terms.id, "due_at": self._at(terms.due_at)}],
        }

    def duty(self, duty: Duty) -> Body:
        """The money lies flat in it."""
        return {
            "id": duty.id,
            "harmonized_system_code": duty.code,
            **self.bag(duty.amount),
            "tax_lines": self.taxes(duty.taxes),
            "admin_graphql_api_id": gid("Duty", duty.id),
        }

    def shipping(self, line: ShippingLine) -> Body:
        return {
            "id": line.id,
            "carrier_identifier": None,
            "code": line.title,
            "current_discounted_price_set": self.bag(current_price(self._order, line)),
            **self.both("discounted_price", line.discounted),
            "is_removed": line.removed,
            "phone": None,
            **self.both("price", line.price),
            "requested_fulfillment_service_id": None,
            "source": "shopify",
            "title": line.title,
            "tax_lines": self.taxes(line.taxes),
            "discount_allocations": self.allocations(line.allocations),
        }

    def taxes(self, taxes: list[TaxLine]) -> list[Body]:
        return [
            {
                "title": t.title,
                "rate": number(t.rate),
                **self.both("price", t.amount),
                "channel_liable": t.channel_liable,
            }
            for t in taxes
        ]

    def allocations(self, allocations: list[Allocation]) -> list[Body]:
        return [{**self.both("amount", a.amount), "discount_application_index": a.application} for a in allocations]

    def transaction(self, transaction: Transaction) -> Body:
        """Amount and currency are those of the payment."""
        order = self._order
        unsettled = {"amount": "0.0", "currency": order.currency}
        return {
            "id": transaction.id,
            "order_id": order.id,
            "kind": transaction.kind.lower(),
            "gateway": transaction.gateway,
            "status": transaction.status.lower(),
            "message": None,
            "created_at": self._at(transaction.created_at),
            "test": transaction.test,
            "authorization": None,
            "location_id": None,
            "user_id": None,
            "parent_id": transaction.parent_id,
            "processed_at": self._at(transaction.created_at),
            "device_id": None,
            "error_code": None,
            "source_name": order.source,
            "receipt": {},
            "amount": fixed(transaction.amount, order.currency),
            "currency": order.currency,
            "payment_id": f"{order.name}.{order.transactions.index(transaction) + 1}",
            "total_unsettled_set": {"presentment_money": unsettled, "shop_money": unsettled},
            "manual_payment_gateway": transaction.manual,
            "amount_rounding": fixed(transaction.rounding, order.currency) if transaction.gateway == "cash" else None,
            "admin_graphql_api_id": gid("OrderTransaction", transaction.id),
        }

    def refund(self, refund: Refund) -> Body:
        """Subtotal and tax of its lines are JSON numbers, as Shopify has it."""
        order = self._order
        lines = {line.id: line for line in order.lines}
        shipping = {line.id: line for line in order.shipping}
        return {
            "id": refund.id,
            "admin_graphql_api_id": gid("Refund", refund.id),
            "order_id": order.id,
            "created_at": self._at(refund.created_at),
            "processed_at": self._at(refund.created_at),
            "note": refund.note,
            "user_id": None,
            "restock": True,
            "duties": [{"duty_id": d.duty_id, "amount_set": self.bag(d.amount)} for d in refund.duties],
            "return": {"id": refund.return_id} if refund.return_id else None,
            "order_adjustments": [
                {
                    "id": a.id,
                    "order_id": order.id,
                    "refund_id": refund.id,
                    "kind": "refund_discrepancy",
                    "reason": "Refund discrepancy",
                    **self.both("amount", a.amount),
                    **self.both("tax_amount", 0),
                }
                for a in refund.adjustments
            ],
            "refund_shipping_lines": [
                {
                    "id": s.id,
                    "shipping_line": self.shipping(shipping[s.shipping_line_id]),
                    "subtotal_amount_set": self.bag(s.subtotal),
                    "tax_amount_set": self.bag(s.tax),
                }
                for s in refund.shipping
            ],
            "refund_line_items": [
                {
                    "id": r.id,
                    "line_item_id": r.line_id,
                    "location_id": None,
                    "quantity": r.quantity,
                    "restock_type": r.restock_type.lower(),
                    "subtotal": number(self.plain(r.subtotal)),
                    "subtotal_set": self.bag(r.subtotal),
                    "total_tax": number(self.plain(r.tax)),
                    "total_tax_set": self.bag(r.tax),
                    "line_item": self.line(lines[r.line_id]),
                }
                for r in refund.lines
            ],
            "transactions": [self.transaction(t) for t in order.transactions if t.id in refund.transaction_ids],
        }

    def edit(self, agreement: Agreement) -> Body:
        """Only the change."""
        moment = self._at(agreement.happened_at)
        changes = [(sale.line_id, sale.quantity or 0) for sale in agreement.sales if sale.line_id is not None]
        removed = [sale.shipping_line_id for sale in agreement.sales if sale.shipping_line_id is not None]
        return {
            "order_edit": {
                "id": agreement.id,
                "app_id": None,
                "created_at": moment,
                "committed_at": moment,
                "notify_customer": False,
                "order_id": self._order.id,
                "staff_note": "",
                "user_id": None,
                "line_items": {
                    "additions": [{"id": line_id, "delta": delta} for line_id, delta in changes if delta > 0],
                    "removals": [{"id": line_id, "delta": -delta} for line_id, delta in changes if delta < 0],
                },
                "discounts": {"line_item": {"additions": [], "removals": []}},
                "shipping_lines": {"additions": [], "removals": [{"id": line_id} for line_id in removed]},
            }
        }


def _taken(order: Order, application: int) -> int:
    holders: list[OrderLine | ShippingLine] = [*order.lines, *order.shipping]
    return sum(a.amount for holder in holders for a in holder.allocations if a.application == application)
