"""What it costs to turn an order of ten lines into its document, beside parsing the JSON it came as."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.bench.figures import Figure, against, cpu_ms

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.money import Money
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.company import TaxWorld
from qbo_writer.posting.plan import Subject, plan
from qbo_writer.posting.verdicts import Document
from qbo_writer_testing.real_books import CONFIG
from qbo_writer_testing.shop import RECORD, Everything, Tax, company, event, line, order, shipping

_LINES = 10


def measure() -> list[Figure]:
    """CPU milliseconds an order, from the event to the bytes that are sent."""
    sold = order(
        *(line(number, "19.99", quantity=2, off="4.00", taxes=[Tax("2.97")]) for number in range(1, _LINES + 1)),
        shipping("5.00", Tax("0.41")),
    )
    said = event(order=sold).SerializeToString()
    text = json.dumps(_as_shopify_says(sold))
    books, config, mapped = company(TaxWorld.US_MANUAL), replace(CONFIG), Everything()

    def post() -> bytes:
        subject = Subject("order", RECORD, "gid://shopify/Order/1", entity_pb2.EntityEvent.FromString(said))
        document = plan(subject, books, config, mapped)
        if not isinstance(document, Document):
            raise AssertionError(document)
        return to_bytes(document.body)

    parsing = cpu_ms(lambda: json.loads(text), 200)
    return [
        against("posting_order_of_10_lines_cpu", cpu_ms(post, 200), "ms CPU", floor=parsing, goal=10.0),
        against("parsing_its_json_cpu", parsing, "ms CPU", floor=parsing),
    ]


def _as_shopify_says(sold: entity_pb2.Order) -> dict[str, object]:
    """About as long as the GraphQL answer to the product's own query."""

    def bag(minor: int) -> dict[str, object]:
        return {"shopMoney": {"amount": str(Money(minor, "USD")), "currencyCode": "USD"}}

    lines = [
        {
            "id": each.id,
            "title": each.title,
            "variantTitle": None,
            "sku": "SKU",
            "quantity": each.quantity,
            "currentQuantity": each.quantity,
            "isGiftCard": False,
            "taxable": True,
            "product": {"id": "gid://shopify/Product/1"},
            "variant": {"id": each.variant_id},
            "originalUnitPriceSet": bag(each.unit_price.shop),
        }
        for each in sold.lines
    ]
    sales = [
        {
            "id": sale.id,
            "actionType": "ORDER",
            "lineType": sale.line_type,
            "quantity": sale.quantity,
            "totalAmount": bag(sale.total.shop),
            "totalTaxAmount": bag(sale.tax.shop),
            "totalDiscountAmountBeforeTaxes": bag(sale.discount.shop),
            "taxes": [
                {
                    "amount": bag(tax.amount.shop),
                    "taxLine": {"title": tax.title, "rate": 0.0825, "channelLiable": False},
                }
                for tax in sale.taxes
            ],
            "lineItem": {"id": sale.line_id},
        }
        for agreement in sold.agreements
        for sale in agreement.sales
    ]
    agreements = {"edges": [{"node": {"id": "gid://shopify/SalesAgreement/1", "sales": {"nodes": sales}}}]}
    node = {"id": "gid://shopify/Order/1", "lineItems": {"nodes": lines}, "agreements": agreements}
    return {"data": {"nodes": [node]}}
