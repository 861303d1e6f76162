"""Tax lines: taken as Shopify states them; the rate only names the tax, it never computes money."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ledgerport.events.v2 import entity_pb2
from shopify_sync.normalise.pairs import Currencies, Pair
from shopify_sync.normalise.values import Node


def tax_line(node: Node, amount: Pair) -> entity_pb2.TaxLine:
    return entity_pb2.TaxLine(
        title=node["title"],
        rate=_rate(node),
        amount=amount.to_proto(),
        channel_liable=bool(node.get("channelLiable")),
    )


def _rate(node: Node) -> str:
    """Without an exponent, however small."""
    rate = node.get("rate")
    return "" if rate is None else format(Decimal(str(rate)), "f")


def spread(tax: Pair, lines: Sequence[Node], currencies: Currencies) -> list[entity_pb2.TaxLine]:
    """`tax` over the tax lines of the thing it is the tax of; a tax that none of them explains keeps no name."""
    parts = tax.spread([currencies.of(line["priceSet"]) for line in lines]) if lines else None
    if parts is not None:
        return [tax_line(line, part) for line, part in zip(lines, parts, strict=True)]
    return [entity_pb2.TaxLine(amount=tax.to_proto())] if tax else []
