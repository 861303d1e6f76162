"""Shopify's own ledger of an order: its sales agreements, oldest first, with their signed sales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledgerport.events.v2 import entity_pb2
from shopify_sync.normalise.pairs import Currencies, Pair
from shopify_sync.normalise.taxes import tax_line
from shopify_sync.normalise.values import Node, id_of, instant, nodes, number_of, text

_FEES = {"RestockingFee": "Restocking fee", "ReturnShippingFee": "Return shipping fee"}


def agreements(node: Node, refunds: Sequence[entity_pb2.Refund], currencies: Currencies) -> list[entity_pb2.Agreement]:
    """`refunds` are the order's, oldest first: the first one of a return is the one that paid it back."""
    paid_back: dict[str, str] = {}
    for refund in refunds:
        paid_back.setdefault(refund.return_id, refund.id)
    shipping = [text(line.get("id")) for line in nodes(node["shippingLines"])]
    found = [_agreement(each, paid_back, shipping, currencies) for each in nodes(node["agreements"])]
    return sorted(found, key=age)


def age(agreement: entity_pb2.Agreement) -> tuple[int, int, int, str]:
    at = agreement.happened_at
    return (at.seconds, at.nanos, number_of(agreement.id), agreement.id)


def _agreement(
    node: Node, paid_back: Mapping[str, str], shipping: Sequence[str], currencies: Currencies
) -> entity_pb2.Agreement:
    return_id = id_of(node.get("return"))
    return entity_pb2.Agreement(
        id=node["id"],
        happened_at=instant(node["happenedAt"]),
        reason=node["reason"],
        refund_id=id_of(node.get("refund")) or (paid_back.get(return_id, "") if return_id else ""),
        return_id=return_id,
        sales=[_sale(each, shipping, currencies) for each in nodes(node["sales"])],
    )


def _sale(node: Node, shipping: Sequence[str], currencies: Currencies) -> entity_pb2.Sale:
    total = currencies.of(node["totalAmount"])
    off = currencies.of(node["totalDiscountAmountBeforeTaxes"])
    return entity_pb2.Sale(
        id=node["id"],
        action=node["actionType"],
        line_type=node["lineType"],
        line_id=_line_id(node, shipping),
        title=_title(node),
        quantity=node.get("quantity") or 0,
        total=total.to_proto(),
        tax=currencies.of(node["totalTaxAmount"]).to_proto(),
        discount=signed_discount(off, total, node["actionType"]).to_proto(),
        taxes=[tax_line(each["taxLine"], currencies.of(each["amount"])) for each in node["taxes"]],
    )


def signed_discount(off: Pair, total: Pair, action: str) -> Pair:
    """Signed so that total - tax + discount is the price before discounts; Shopify does not promise a sign.

    What a discount took off has the sign of what it left. Only an update of a price is the other way round: a
    higher discount lowers the total.
    """
    size = abs(off)
    if action == "UPDATE":
        return size if total.negative else -size
    if total:
        return -size if total.negative else size
    return -size if action == "RETURN" else size


def _line_id(node: Node, shipping: Sequence[str]) -> str:
    for name in ("lineItem", "shippingLine", "duty", "additionalFee", "fee"):
        if found := id_of(node.get(name)):
            return found
    # Shopify names no shipping line for a return; where the order has one alone, it is that one.
    return shipping[0] if node["lineType"] == "SHIPPING" and len(shipping) == 1 else ""


def _title(node: Node) -> str:
    match node["lineType"]:
        case "DUTY":
            return "Duty"
        case "ADDITIONAL_FEE":
            return text((node.get("additionalFee") or {}).get("name"))
        case "FEE":
            return _FEES.get((node.get("fee") or {}).get("__typename", ""), "Fee")
    return ""
