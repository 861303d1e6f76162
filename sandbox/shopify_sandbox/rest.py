"""Webhook bodies: REST-shaped maps with fixed-decimal money and times in the shop's own offset."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from shopify_sandbox.amounts import fixed
from shopify_sandbox.model import Address, Customer, Product, ShopFacts
from shopify_sandbox.order_records import Agreement, Order, Refund, Return, Transaction
from shopify_sandbox.rest_orders import Body, OrderWriter
from shopify_sandbox.views import gid


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

    def order(self, order: Order, customer: Customer | None) -> Body:
        """The body of all orders/… topics but orders/edited."""
        writer = self._of(order)
        return {
            **writer.order(),
            "order_status_url": f"https://{self._facts.domain}/orders/{order.id}",
            "billing_address": self.address(order.billing_address),
            "shipping_address": self.address(order.shipping_address),
            "customer": self.customer(customer) if customer else None,
        }

    def transaction(self, order: Order, transaction: Transaction) -> Body:
        """The body of order_transactions/create."""
        return self._of(order).transaction(transaction)

    def tender(self, order: Order, transaction: Transaction) -> Body:
        """The body of tender_transactions/create: money that really moved; out of the store it is negative."""
        amount = -transaction.amount if transaction.kind == "REFUND" else transaction.amount
        return {
            "id": transaction.id + 1_000_000_000,
            "order_id": order.id,
            "amount": fixed(amount, order.currency),
            "currency": order.currency,
            "user_id": None,
            "test": order.test,
            "processed_at": self.at(transaction.created_at),
            "remote_reference": str(transaction.id),
            "payment_details": None,
            "payment_method": "unknown",
        }

    def returned(self, order: Order, back: Return) -> dict[str, Body]:
        """The bodies of the returns/… topics of a return that is processed at once. Not all of them name the order."""
        this = {"id": back.id, "admin_graphql_api_id": gid("Return", back.id)}
        named = {"id": order.id, "admin_graphql_api_id": gid("Order", order.id)}
        return {
            "returns/approve": {**this, "status": "open", "order": named, "return_line_items": []},
            "returns/process": {},
            "returns/close": {**this, "order_id": order.id, "status": "closed"},
        }

    def merged(self, kept: int, other: int) -> Body:
        """The body of customers/merge, at its end."""
        return {
            "admin_graphql_api_customer_kept_id": gid("Customer", kept),
            "admin_graphql_api_customer_deleted_id": gid("Customer", other),
            "admin_graphql_api_job_id": None,
            "status": "completed",
            "errors": [],
        }

    def refund(self, order: Order, refund: Refund) -> Body:
        """The body of refunds/create."""
        return self._of(order).refund(refund)

    def edit(self, order: Order, agreement: Agreement) -> Body:
        """The body of orders/edited."""
        return self._of(order).edit(agreement)

    def _of(self, order: Order) -> OrderWriter:
        return OrderWriter(order, self.at)

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
