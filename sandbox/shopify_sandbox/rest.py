"""Webhook bodies: REST-shaped maps with fixed-decimal money and times in the shop's own offset."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from shopify_sandbox.amounts import fixed
from shopify_sandbox.model import (
    Address,
    Allocation,
    Customer,
    Discount,
    Order,
    OrderLine,
    Product,
    Refund,
    ShippingLine,
    ShopFacts,
    TaxLine,
    Transaction,
)
from shopify_sandbox.totals import financial_status, totals_of
from shopify_sandbox.views import gid

Body = dict[str, Any]


def number(text: str) -> msgspec.Raw:
    """A bare JSON number with exactly these digits."""
    return msgspec.Raw(text.encode())


class RestWriter:
    """Writes one shop's records as webhook bodies."""

    def __init__(self, facts: ShopFacts) -> None:
        self._facts = facts
        self._zone = ZoneInfo(facts.zone)
        self._currency = facts.currency

    def at(self, moment: datetime | None) -> str | None:
        return moment.astimezone(self._zone).isoformat(timespec="seconds") if moment else None

    def plain(self, amount: int) -> str:
        return fixed(amount, self._currency)

    def bag(self, amount: int) -> Body:
        money = {"amount": self.plain(amount), "currency_code": self._currency}
        return {"shop_money": money, "presentment_money": money}

    def both(self, name: str, amount: int) -> Body:
        return {name: self.plain(amount), f"{name}_set": self.bag(amount)}

    def order(self, order: Order, customer: Customer | None) -> Body:
        """The body of all orders/… topics."""
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
            "cancelled_at": self.at(order.cancelled_at),
            "cart_token": None,
            "checkout_token": None,
            "client_details": None,
            "closed_at": self.at(order.closed_at),
            "confirmation_number": f"N{order.id % 10**8:08d}",
            "confirmed": True,
            "contact_email": order.email,
            "created_at": self.at(order.created_at),
            "currency": order.currency,
            "current_shipping_price_set": self.bag(totals.current_shipping),
            **self.both("current_subtotal_price", totals.current_subtotal),
            **self.both("current_total_discounts", totals.current_discounts),
            **self.both("current_total_price", totals.current_total),
            **self.both("current_total_tax", totals.current_tax),
            "current_total_additional_fees_set": None,
            "current_total_duties_set": None,
            "customer_locale": "en",
            "device_id": None,
            "discount_codes": codes,
            "duties_included": False,
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
            "order_status_url": f"https://{self._facts.domain}/orders/{order.id}",
            "original_total_additional_fees_set": None,
            "original_total_duties_set": None,
            "payment_gateway_names": list(
                dict.fromkeys(t.gateway for t in order.transactions if t.kind not in ("REFUND", "VOID"))
            ),
            "phone": order.phone,
            "po_number": None,
            "presentment_currency": order.currency,
            "processed_at": self.at(order.processed_at),
            "source_identifier": None,
            "source_name": order.source,
            **self.both("subtotal_price", totals.subtotal),
            "tags": ", ".join(order.tags),
            "tax_exempt": order.tax_exempt,
            "tax_lines": self.taxes(totals.taxes),
            "taxes_included": order.taxes_included,
            "test": order.test,
            "token": f"token-{order.id}",
            "total_cash_rounding_payment_adjustment_set": self.bag(0),
            "total_cash_rounding_refund_adjustment_set": self.bag(0),
            **self.both("total_discounts", totals.discounts),
            **self.both("total_line_items_price", totals.goods),
            "total_outstanding": self.plain(totals.outstanding),
            **self.both("total_price", totals.total),
            "total_shipping_price_set": self.bag(totals.shipping),
            **self.both("total_tax", totals.tax),
            "total_tip_received": self.plain(totals.tip),
            "total_weight": 0,
            "updated_at": self.at(order.updated_at),
            "user_id": None,
            "billing_address": self.address(order.billing_address),
            "customer": self.customer(customer) if customer else None,
            "discount_applications": [self.application(d) for d in order.discounts],
            "fulfillments": [],
            "line_items": [self.line(line, order) for line in order.lines],
            "payment_terms": None,
            "refunds": [self.refund(order, r) for r in order.refunds],
            "shipping_address": self.address(order.shipping_address),
            "shipping_lines": [self.shipping(line, totals.current_shipping) for line in order.shipping],
            "returns": [],
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

    def line(self, line: OrderLine, order: Order) -> Body:
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
            "duties": [],
            "discount_allocations": self.allocations(line.allocations),
        }

    def shipping(self, line: ShippingLine, current: int) -> Body:
        return {
            "id": line.id,
            "carrier_identifier": None,
            "code": line.title,
            "current_discounted_price_set": self.bag(current),
            **self.both("discounted_price", line.discounted),
            "is_removed": False,
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

    def transaction(self, order: Order, transaction: Transaction) -> Body:
        """The body of order_transactions/create."""
        unsettled = {"amount": "0.0", "currency": order.currency}
        return {
            "id": transaction.id,
            "order_id": order.id,
            "kind": transaction.kind.lower(),
            "gateway": transaction.gateway,
            "status": transaction.status.lower(),
            "message": None,
            "created_at": self.at(transaction.created_at),
            "test": transaction.test,
            "authorization": None,
            "location_id": None,
            "user_id": None,
            "parent_id": transaction.parent_id,
            "processed_at": self.at(transaction.created_at),
            "device_id": None,
            "error_code": None,
            "source_name": order.source,
            "receipt": {},
            "amount": self.plain(transaction.amount),
            "currency": order.currency,
            "payment_id": f"{order.name}.{order.transactions.index(transaction) + 1}",
            "total_unsettled_set": {"presentment_money": unsettled, "shop_money": unsettled},
            "manual_payment_gateway": transaction.manual,
            "amount_rounding": None,
            "admin_graphql_api_id": gid("OrderTransaction", transaction.id),
        }

    def refund(self, order: Order, refund: Refund) -> Body:
        """The body of refunds/create; subtotal and tax of its lines are JSON numbers, as Shopify has it."""
        lines = {line.id: line for line in order.lines}
        shipping = {line.id: line for line in order.shipping}
        return {
            "id": refund.id,
            "admin_graphql_api_id": gid("Refund", refund.id),
            "order_id": order.id,
            "created_at": self.at(refund.created_at),
            "processed_at": self.at(refund.created_at),
            "note": refund.note,
            "user_id": None,
            "restock": True,
            "duties": [],
            "return": None,
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
                    "shipping_line": self.shipping(shipping[s.shipping_line_id], 0),
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
                    "line_item": self.line(lines[r.line_id], order),
                }
                for r in refund.lines
            ],
            "transactions": [self.transaction(order, t) for t in order.transactions if t.id in refund.transaction_ids],
        }

    def edit(self, order: Order, line_id: int, delta: int, moment: datetime) -> Body:
        """The body of orders/edited: only the change."""
        change = [{"id": line_id, "delta": abs(delta)}]
        return {
            "order_edit": {
                "id": order.agreements[-1].id,
                "app_id": None,
                "created_at": self.at(moment),
                "committed_at": self.at(moment),
                "notify_customer": False,
                "order_id": order.id,
                "staff_note": "",
                "user_id": None,
                "line_items": {"additions": change if delta > 0 else [], "removals": change if delta < 0 else []},
                "discounts": {"line_item": {"additions": [], "removals": []}},
                "shipping_lines": {"additions": [], "removals": []},
            }
        }

    def customer(self, customer: Customer) -> Body:
        """The body of customers/… topics."""
        return {
            "id": customer.id,
            "admin_graphql_api_id": gid("Customer", customer.id),
            "created_at": self.at(customer.created_at),
            "updated_at": self.at(customer.updated_at),
            "first_name": customer.first_name,
            "last_name": customer.last_name,
            "state": "disabled",
            "note": customer.note,
            "verified_email": customer.email is not None,
            "multipass_identifier": None,
            "tax_exempt": customer.tax_exempt,
            "email": customer.email,
            "phone": customer.phone,
            "currency": self._currency,
            "tax_exemptions": [],
            "tags": ", ".join(customer.tags),
            "default_address": self.address(customer.address),
        }

    def product(self, product: Product) -> Body:
        """The body of products/… topics."""
        return {
            "id": product.id,
            "admin_graphql_api_id": gid("Product", product.id),
            "title": product.title,
            "body_html": "",
            "handle": "-".join(product.title.lower().split()),
            "vendor": product.vendor,
            "product_type": product.product_type,
            "status": product.status.lower(),
            "tags": ", ".join(product.tags),
            "created_at": self.at(product.created_at),
            "updated_at": self.at(product.updated_at),
            "published_at": self.at(product.created_at),
            "images": [],
            "image": None,
            "variants": [
                {
                    "id": v.id,
                    "admin_graphql_api_id": gid("ProductVariant", v.id),
                    "product_id": product.id,
                    "title": v.title,
                    "sku": v.sku,
                    "barcode": v.barcode,
                    "price": self.plain(v.price),
                    "compare_at_price": None,
                    "taxable": v.taxable,
                    "position": v.position,
                    "inventory_item_id": v.inventory_item_id,
                    "inventory_quantity": v.quantity,
                    "created_at": self.at(v.created_at),
                    "updated_at": self.at(v.updated_at),
                }
                for v in product.variants
            ],
        }

    def shop(self) -> Body:
        """The body of app/uninstalled and shop/update."""
        facts = self._facts
        return {
            "id": facts.id,
            "name": facts.name,
            "email": facts.email,
            "domain": facts.domain,
            "myshopify_domain": facts.domain,
            "currency": facts.currency,
            "iana_timezone": facts.zone,
            "country_code": facts.country_code,
            "province_code": facts.province_code,
            "taxes_included": facts.taxes_included,
            "plan_name": "basic",
            "created_at": self.at(facts.created_at),
        }

    def address(self, address: Address | None) -> Body | None:
        if address is None:
            return None
        return {
            "first_name": address.first_name,
            "last_name": address.last_name,
            "company": address.company,
            "address1": address.address1,
            "address2": address.address2,
            "city": address.city,
            "zip": address.zip,
            "province": address.province,
            "province_code": address.province_code,
            "country": address.country,
            "country_code": address.country_code,
            "phone": address.phone,
            "latitude": None,
            "longitude": None,
            "name": " ".join(p for p in (address.first_name, address.last_name) if p),
        }


def _taken(order: Order, application: int) -> int:
    holders: list[OrderLine | ShippingLine] = [*order.lines, *order.shipping]
    return sum(a.amount for holder in holders for a in holder.allocations if a.application == application)
