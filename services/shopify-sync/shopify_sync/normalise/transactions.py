"""Every attempt to move money, successful or not."""

from __future__ import annotations

from ledgerport.events.v2 import entity_pb2
from shopify_sync.normalise.pairs import Currencies
from shopify_sync.normalise.values import Node, id_of, instant, text


def transaction(node: Node, currencies: Currencies) -> entity_pb2.Transaction:
    return entity_pb2.Transaction(
        id=node["id"],
        kind=node["kind"],
        status=node["status"],
        gateway=text(node.get("gateway")),
        gateway_label=text(node.get("formattedGateway")),
        manual_gateway=node["manualPaymentGateway"],
        amount=currencies.of(node["amountSet"]).to_proto(),
        rounding=currencies.of(node.get("amountRoundingSet")).to_proto(),
        processed_at=instant(node.get("processedAt")),
        parent_id=id_of(node.get("parentTransaction")),
        test=node["test"],
    )
