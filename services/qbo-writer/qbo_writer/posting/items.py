"""A Shopify variant becomes a QuickBooks item: matched by SKU, then by name, created as NonInventory when missing."""

from __future__ import annotations

from typing import Any

from ledgerport.events.v2 import entity_pb2
from qbo_writer.posting import texts
from qbo_writer.posting.amounts import number
from qbo_writer.posting.company import Company, Mapped
from qbo_writer.posting.config import SyncConfig, UnmappedProducts
from qbo_writer.posting.setup import SALES_ACCOUNT
from qbo_writer.posting.verdicts import Adopt, Document, Needs, Verdict, refuse

_CANNOT_BE_SOLD = ("Category", "Group")


def item_document(
    source_id: str, variant: entity_pb2.Variant, company: Company, config: SyncConfig, mapped: Mapped
) -> Verdict:
    """The item a person chose, the one clear match by SKU or name, or what Sync Config says of unmapped products."""
    if ("product", source_id) in mapped:
        return Adopt("Item", mapped[("product", source_id)])
    by_sku = company.names.with_sku(variant.sku) if variant.sku else []
    if len(by_sku) == 1:
        return Adopt("Item", by_sku[0].qbo_id)
    wanted = item_name(source_id, variant)
    same_name = company.names.named("Item", wanted)
    if same_name and same_name.active and same_name.type not in _CANNOT_BE_SOLD and not (variant.sku and same_name.sku):
        return Adopt("Item", same_name.qbo_id)
    if ("create", f"product|{source_id}") in mapped:
        return _new_item(source_id, variant, company, mapped)
    match config.unmapped_products:
        case UnmappedProducts.FALLBACK:
            return Adopt("Item", config.fallback_item_id)
        case UnmappedProducts.CREATE if "product" in config.entities:
            return _new_item(source_id, variant, company, mapped)
    return refuse(
        "PRODUCT_NOT_MAPPED",
        f"No item in QuickBooks stands for “{wanted}”.",
        "No item has its SKU or its name, and Sync Config does not let LedgerPort create items.",
        "Choose or create an item under Mapping › Products, or change “unmapped products” in Sync Config.",
    )


def _new_item(source_id: str, variant: entity_pb2.Variant, company: Company, mapped: Mapped) -> Verdict:
    if SALES_ACCOUNT not in mapped:
        return Needs((SALES_ACCOUNT,))
    wanted = item_name(source_id, variant)
    suffixes = ([f"[{texts.name(variant.sku)}]"] if texts.name(variant.sku) else []) + [f"#{_number(source_id)}"]
    for candidate in (wanted, *(texts.unique_name(wanted, suffix) for suffix in suffixes)):
        if candidate and company.names.named("Item", candidate) is None:
            return Document("Item", _body(variant, candidate, company, mapped[SALES_ACCOUNT]))
    return refuse(
        "DUPLICATE_NAME",
        f"Every name we could give the item {wanted} is taken in QuickBooks.",
        "Item names are unique in QuickBooks.",
        "Rename the other item in QuickBooks, or map this product by hand under Mapping › Products.",
    )


def item_name(source_id: str, variant: entity_pb2.Variant) -> str:
    parts = [texts.name(part) for part in (variant.product_title, variant.variant_title)]
    return " / ".join(part for part in parts if part)[:100].rstrip() or f"Shopify item {_number(source_id)}"


def _number(source_id: str) -> str:
    return source_id.rpartition("/")[2]


def _body(variant: entity_pb2.Variant, name: str, company: Company, sales_account: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "Name": name,
        "Type": "NonInventory",
        "IncomeAccountRef": {"value": sales_account},
        "Description": texts.clean(name, 4000),
    }
    if texts.clean(variant.sku, 100):
        body["Sku"] = texts.clean(variant.sku, 100)
    if variant.HasField("price"):
        body["UnitPrice"] = number(variant.price.minor, variant.price.currency)
    if company.country == "US":
        body["Taxable"] = variant.taxable
    return body
