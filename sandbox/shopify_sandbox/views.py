"""Records as GraphQL sees them: nested maps with the schema's field names, money as trimmed text.

A reference to another object is its gid; lists stand for connections and are paged by the resolver.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shopify_sandbox.amounts import converted, fixed, trimmed
from shopify_sandbox.model import (
    Address,
    Customer,
    Product,
    Variant,
)
from shopify_sandbox.order_records import Exchange, Order, TaxLine
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import totals_of

View = dict[str, Any]


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def at(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


class Minter:
    """Writes amounts of one order (or price list) as MoneyV2 and MoneyBag; shop money is converted value by value."""

    def __init__(self, currency: str, exchange: Exchange | None = None) -> None:
        self.currency, self._exchange = currency, exchange

    def money(self, amount: int) -> View:
        return {"amount": trimmed(amount, self.currency), "currencyCode": self.currency}

    def bag(self, amount: int) -> View:
        money = self.money(amount)
        if self._exchange is None:
            return {"shopMoney": money, "presentmentMoney": money}
        shop = trimmed(converted(amount, self.currency, self._exchange), self._exchange.currency)
        return {"shopMoney": {"amount": shop, "currencyCode": self._exchange.currency}, "presentmentMoney": money}

    def taxes(self, taxes: list[TaxLine]) -> list[View]:
        return [
            {
                "title": tax.title,
                "rate": tax.rate,
                "ratePercentage": percent(tax.rate),
                "source": "Shopify",
                "channelLiable": tax.channel_liable,
                "priceSet": self.bag(tax.amount),
            }
            for tax in taxes
        ]


def percent(rate: str) -> str:
    whole, _, rest = rate.partition(".")
    rest = rest.ljust(2, "0")
    return f"{int(whole + rest[:2])}.{rest[2:] or '0'}"


def address_view(address: Address | None, identity: int) -> View | None:
    """A mailing address; the id only serves to tell addresses apart."""
    if address is None:
        return None
    names = [part for part in (address.first_name, address.last_name) if part]
    return {
        "id": gid("MailingAddress", identity),
        "name": " ".join(names) or None,
        "firstName": address.first_name,
        "lastName": address.last_name,
        "company": address.company,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "province": address.province,
        "provinceCode": address.province_code,
        "zip": address.zip,
        "country": address.country,
        "countryCodeV2": address.country_code,
        "phone": address.phone,
    }


def customer_view(shop: Shop, customer: Customer) -> View:
    """A customer; what hangs on their orders is worked out only when asked for."""

    def orders() -> list[Order]:
        return [o for o in shop.orders.values() if o.customer_id == customer.id]

    names = " ".join(part for part in (customer.first_name, customer.last_name) if part)
    address = address_view(customer.address, customer.id)
    return {
        "__typename": "Customer",
        "id": gid("Customer", customer.id),
        "legacyResourceId": str(customer.id),
        "displayName": names or customer.email or customer.phone or "",
        "firstName": customer.first_name,
        "lastName": customer.last_name,
        "email": customer.email,
        "phone": customer.phone,
        "defaultEmailAddress": {"emailAddress": customer.email, "validFormat": True} if customer.email else None,
        "defaultPhoneNumber": {"phoneNumber": customer.phone} if customer.phone else None,
        "note": customer.note,
        "state": "DISABLED",
        "tags": customer.tags,
        "taxExempt": customer.tax_exempt,
        "taxExemptions": [],
        "locale": "en",
        "createdAt": at(customer.created_at),
        "updatedAt": at(customer.updated_at),
        "verifiedEmail": customer.email is not None,
        "numberOfOrders": lambda: str(len(orders())),
        "canDelete": lambda: not orders(),
        "dataSaleOptOut": False,
        "lifetimeDuration": "over 2 years",
        "amountSpent": lambda: Minter(shop.facts.currency).money(
            sum(converted(totals_of(o).net_payment, o.currency, o.exchange) for o in orders() if not o.test)
        ),
        "defaultAddress": address,
        "addressesV2": [address] if address else [],
        "storeCreditAccounts": [],
        "orders": lambda: [gid("Order", o.id) for o in orders()],
        "lastOrder": lambda: next((gid("Order", o.id) for o in reversed(orders())), None),
    }


def product_view(product: Product) -> View:
    single = len(product.variants) == 1 and product.variants[0].title == "Default Title"
    return {
        "__typename": "Product",
        "id": gid("Product", product.id),
        "legacyResourceId": str(product.id),
        "title": product.title,
        "handle": "-".join(product.title.lower().split()),
        "status": product.status,
        "vendor": product.vendor,
        "productType": product.product_type,
        "isGiftCard": product.gift_card,
        "createdAt": at(product.created_at),
        "updatedAt": at(product.updated_at),
        "publishedAt": at(product.created_at),
        "tags": product.tags,
        "descriptionHtml": "",
        "tracksInventory": any(v.tracked for v in product.variants),
        "totalInventory": sum(v.quantity for v in product.variants),
        "hasOnlyDefaultVariant": single,
        "variantsCount": {"count": len(product.variants), "precision": "EXACT"},
        "variants": [gid("ProductVariant", v.id) for v in product.variants],
        "options": [
            {
                "id": gid("ProductOption", product.id),
                "name": "Title" if single else "Option",
                "position": 1,
            }
        ],
    }


def variant_view(shop: Shop, product: Product, variant: Variant) -> View:
    currency = shop.facts.currency
    twins = sum(1 for _, v in shop.variants.values() if variant.sku and v.sku == variant.sku)
    name = f"{product.title} - {variant.title}"
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", variant.id),
        "legacyResourceId": str(variant.id),
        "title": variant.title,
        "displayName": name,
        "sku": variant.sku,
        "barcode": variant.barcode,
        "price": fixed(variant.price, currency),
        "compareAtPrice": None,
        "taxable": variant.taxable,
        "position": variant.position,
        "createdAt": at(variant.created_at),
        "updatedAt": at(variant.updated_at),
        "inventoryQuantity": variant.quantity,
        "availableForSale": True,
        "product": gid("Product", product.id),
        "selectedOptions": [{"name": "Title", "value": variant.title}],
        "inventoryItem": {
            "__typename": "InventoryItem",
            "id": gid("InventoryItem", variant.inventory_item_id),
            "legacyResourceId": str(variant.inventory_item_id),
            "sku": variant.sku,
            "tracked": variant.tracked,
            "requiresShipping": variant.requires_shipping,
            "duplicateSkuCount": max(0, twins - 1),
            "unitCost": Minter(currency).money(variant.cost) if variant.cost is not None else None,
            "createdAt": at(variant.created_at),
            "updatedAt": at(variant.updated_at),
            "variant": gid("ProductVariant", variant.id),
        },
    }
