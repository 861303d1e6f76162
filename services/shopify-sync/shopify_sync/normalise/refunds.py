"""A refund record: what was paid back beside the calculated value, and by which transactions."""

from __future__ import annotations

from ledgerport.events.v2 import entity_pb2
from shopify_sync.normalise.pairs import Currencies
from shopify_sync.normalise.values import Node, id_of, instant, nodes, number_of, text


def refund(node: Node, currencies: Currencies) -> entity_pb2.Refund:
    return entity_pb2.Refund(
        id=node["id"],
        created_at=instant(node.get("createdAt")),
        note=text(node.get("note")),
        return_id=id_of(node.get("return")),
        adjustments=[
            entity_pb2.OrderAdjustment(
                reason=text(each.get("reason")),
                amount=currencies.of(each["amountSet"]).to_proto(),
                tax=currencies.of(each["taxAmountSet"]).to_proto(),
            )
            for each in nodes(node["orderAdjustments"])
        ],
        transaction_ids=[each["id"] for each in nodes(node["transactions"])],
    )


def age(refund: entity_pb2.Refund) -> tuple[int, int, int, str]:
    """Oldest first: a refund's place in this order is part of its document's number."""
    return (refund.created_at.seconds, refund.created_at.nanos, number_of(refund.id), refund.id)
