"""Shopify's money identities, checked on an order as it is said: what does not hold is named, in both currencies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ledgerport.events.v2 import entity_pb2

_CURRENCIES = ("shop", "presentment")


def holds(order: entity_pb2.Order) -> list[str]:
    """The identities that are broken; none for an order in good order.

    Amounts in the shop's currency are each converted by themselves where the buyer paid in another: their sums may
    then be off by a unit for each amount that is added, and no more.
    """
    broken = []
    for currency in _CURRENCIES:
        money = _Money(order, currency)
        for name, difference, terms in money.identities():
            converted = currency == "shop" and order.currency != order.presentment_currency
            if abs(difference) > (terms if converted else 0):
                broken.append(f"{name} is off by {difference} ({currency})")
    return broken


@dataclass(frozen=True, slots=True)
class _Money:
    order: entity_pb2.Order
    currency: str

    def of(self, amount: entity_pb2.Amount) -> int:
        return int(getattr(amount, self.currency))

    def identities(self) -> Iterator[tuple[str, int, int]]:
        """Name, difference, and how many amounts were added."""
        order, totals = self.order, self.order.totals
        sales = [sale for agreement in order.agreements for sale in agreement.sales]
        yield (
            "the sum of all sales is the current total",
            sum(self.of(sale.total) for sale in sales) - self.of(totals.current_total),
            len(sales),
        )
        for sale in sales:
            taxes = sum(self.of(tax.amount) for tax in sale.taxes)
            yield f"the tax of {sale.id}", taxes - self.of(sale.tax), len(sale.taxes)
        received, refunded = self._moved("SALE", "CAPTURE") - self._moved("CHANGE"), self._moved("REFUND")
        count = len(order.transactions)
        yield "received is what moved in", received - self.of(totals.received), count
        yield "refunded is what moved out", refunded - self.of(totals.refunded), count
        yield (
            "net payment is received less refunded",
            self.of(totals.received) - self.of(totals.refunded) - self.of(totals.net_payment),
            2,
        )
        rounding = self.of(totals.cash_rounding_payment) - self.of(totals.cash_rounding_refund)
        adjusted = [each for refund in order.refunds for each in refund.adjustments]
        yield (
            "outstanding is what is owed less what was paid",
            self.of(totals.current_total)
            + rounding
            - self.of(totals.net_payment)
            + sum(self.of(each.amount) + self.of(each.tax) for each in adjusted)
            - self.of(totals.outstanding),
            4 + 2 * len(adjusted),
        )

    def _moved(self, *kinds: str) -> int:
        moved: Iterable[entity_pb2.Transaction] = (t for t in self.order.transactions if t.status == "SUCCESS")
        return sum(self.of(t.amount) for t in moved if t.kind in kinds)
