"""Agreements of an order for which Shopify lists none: derived from its lines and its refunds.

Orders that were imported may have none. What is derived is what was ever ordered, at once, and what each refund took
back; an edit leaves no trace from which more could be said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledgerport.events.v2 import entity_pb2
from shopify_sync.normalise.pairs import Currencies, Pair, total
from shopify_sync.normalise.taxes import spread
from shopify_sync.normalise.values import Node, id_of, instant, nodes, text

_TIP = "Tip"


def agreements(node: Node, refunds: Sequence[Node], currencies: Currencies) -> list[entity_pb2.Agreement]:
    """`node` with prices, discounts and taxes of all its lines, `refunds` with all their lines, in any order."""
    derivation = _Derivation(node, currencies)
    return [
        entity_pb2.Agreement(
            id=f"{node['id']}#order",
            happened_at=instant(node["processedAt"]),
            reason="ORDER",
            sales=derivation.ordered(),
        ),
        *(
            entity_pb2.Agreement(
                id=f"{refund['id']}#refund",
                happened_at=instant(refund.get("createdAt")),
                reason="REFUND",
                refund_id=refund["id"],
                return_id=id_of(refund.get("return")),
                sales=sales,
            )
            for refund in refunds
            if (sales := derivation.refunded(refund))
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Part:
    """One thing of the order: `price` and `discount` as Shopify states them, with tax where prices include it."""

    line_type: str
    line_id: str
    price: Pair
    discount: Pair = field(default_factory=Pair)
    taxes: Sequence[Node] = ()
    quantity: int = 1
    title: str = ""


class _Derivation:
    def __init__(self, node: Node, currencies: Currencies) -> None:
        self._node, self._currencies = node, currencies
        self._included: bool = node["taxesIncluded"]
        self._parts = [*self._lines(), *self._shipping(), *self._duties(), *self._fees()]
        self._parts += self._tips_beside_lines()
        self._by_line = {part.line_id: part for part in self._parts if part.line_id}

    def ordered(self) -> list[entity_pb2.Sale]:
        return [self._ordered(part) for part in self._parts]

    def refunded(self, refund: Node) -> list[entity_pb2.Sale]:
        of = self._currencies.of
        sales = []
        for each in nodes(refund["refundLineItems"]):
            line_id, count = each["lineItem"]["id"], each["quantity"]
            sales.append(self._back(line_id, "PRODUCT", of(each["subtotalSet"]), of(each["totalTaxSet"]), count))
        for each in nodes(refund["refundShippingLines"]):
            line_id = id_of(each.get("shippingLine"))
            sales.append(self._back(line_id, "SHIPPING", of(each["subtotalAmountSet"]), of(each["taxAmountSet"])))
        duties = refund.get("duties") or []
        return [*sales, *(self._back(id_of(d.get("originalDuty")), "DUTY", of(d["amountSet"]), Pair()) for d in duties)]

    def _lines(self) -> list[_Part]:
        return [
            _Part(
                line_type=_line_type(line),
                line_id=line["id"],
                price=self._currencies.of(line["originalTotalSet"]),
                discount=self._allocated(line),
                taxes=line["taxLines"],
                quantity=line["quantity"],
            )
            for line in nodes(self._node["lineItems"])
        ]

    def _shipping(self) -> list[_Part]:
        of = self._currencies.of
        return [
            _Part(
                line_type="SHIPPING",
                line_id=text(line.get("id")),
                price=of(line["originalPriceSet"]),
                discount=of(line["originalPriceSet"]) - of(line["discountedPriceSet"]),
                taxes=line["taxLines"],
            )
            for line in nodes(self._node["shippingLines"])
            if not line["isRemoved"]
        ]

    def _duties(self) -> list[_Part]:
        """Where prices include duties, a duty adds only what tax is charged on it."""
        inside: bool = self._node["dutiesIncluded"]
        return [
            _Part(
                line_type="DUTY",
                line_id=text(duty.get("id")),
                price=Pair() if inside else self._currencies.of(duty["price"]),
                taxes=duty.get("taxLines") or (),
                title="Duty",
            )
            for line in nodes(self._node["lineItems"])
            for duty in line.get("duties") or []
            if not inside or (duty.get("taxLines") and not self._included)
        ]

    def _fees(self) -> list[_Part]:
        return [
            _Part(
                line_type="ADDITIONAL_FEE",
                line_id=text(fee.get("id")),
                price=self._currencies.of(fee["price"]),
                taxes=fee.get("taxLines") or (),
                title=text(fee.get("name")),
            )
            for fee in self._node.get("additionalFees") or []
        ]

    def _tips_beside_lines(self) -> list[_Part]:
        """Tips that no line shows: a terminal may keep them on the payment alone."""
        shown = total(part.price for part in self._parts if part.line_type == "TIP")
        missing = self._currencies.of(self._node.get("totalTipReceivedSet")) - shown
        return [] if missing.negative or not missing else [_Part("TIP", "", missing, title=_TIP)]

    def _allocated(self, line: Node) -> Pair:
        return total(self._currencies.of(each["allocatedAmountSet"]) for each in line["discountAllocations"])

    def _ordered(self, part: _Part) -> entity_pb2.Sale:
        tax = total(self._currencies.of(line["priceSet"]) for line in part.taxes)
        value = part.price - part.discount
        charged = value if self._included else value + tax
        return entity_pb2.Sale(
            id=f"{part.line_id or part.line_type}#ordered",
            action="ORDER",
            line_type=part.line_type,
            line_id=part.line_id,
            title=part.title,
            quantity=part.quantity,
            total=charged.to_proto(),
            tax=tax.to_proto(),
            discount=self._net_discount(part, tax).to_proto(),
            taxes=spread(tax, part.taxes, self._currencies),
        )

    def _net_discount(self, part: _Part, tax: Pair) -> Pair:
        """Without the tax inside it, in the proportion in which the part's own price holds tax."""
        value = part.price - part.discount
        if not self._included or not value:
            return part.discount
        inside = Pair(
            part.discount.shop * tax.shop // value.shop if value.shop else 0,
            part.discount.presentment * tax.presentment // value.presentment if value.presentment else 0,
        )
        return part.discount - inside

    def _back(self, line_id: str, line_type: str, subtotal: Pair, tax: Pair, count: int = 0) -> entity_pb2.Sale:
        part = self._by_line.get(line_id) or _Part(line_type, line_id, Pair())
        ordered_tax = total(self._currencies.of(line["priceSet"]) for line in part.taxes)
        off = self._net_discount(part, ordered_tax).part(count, part.quantity) if count else Pair()
        return entity_pb2.Sale(
            id=f"{line_id or line_type}#refunded",
            action="RETURN",
            line_type=part.line_type,
            line_id=line_id,
            title=part.title,
            quantity=-count,
            total=(-(subtotal if self._included else subtotal + tax)).to_proto(),
            tax=(-tax).to_proto(),
            discount=(-off).to_proto(),
            taxes=spread(-tax, part.taxes, self._currencies),
        )


def _line_type(line: Node) -> str:
    if line["isGiftCard"]:
        return "GIFT_CARD"
    nameless = not line.get("product") and not line.get("variant")
    return "TIP" if nameless and line["title"] == _TIP else "PRODUCT"
