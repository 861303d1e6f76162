"""The amounts of an order, all worked out from its lines, agreements and transactions."""

from __future__ import annotations

from dataclasses import dataclass

from shopify_sandbox.amounts import add_taxes
from shopify_sandbox.order_records import (
    AdditionalFee,
    Duty,
    Order,
    OrderLine,
    Sale,
    ShippingLine,
    TaxLine,
    Transaction,
)

PAYING = ("SALE", "CAPTURE")


@dataclass(frozen=True, slots=True)
class Totals:
    """Plain = all ever on the order, `current_…` = what is left, in smallest units of what the buyer pays in."""

    goods: int
    subtotal: int
    shipping: int
    shipping_before_discount: int
    duties: int
    fees: int
    tax: int
    discounts: int
    tip: int
    total: int
    original_total: int
    current_subtotal: int
    current_shipping: int
    current_duties: int
    current_fees: int
    current_tax: int
    current_discounts: int
    current_total: int
    received: int
    refunded: int
    refunded_shipping: int
    capturable: int
    discrepancy: int
    payment_rounding: int
    refund_rounding: int
    taxes: list[TaxLine]
    current_taxes: list[TaxLine]

    @property
    def net_payment(self) -> int:
        return self.received - self.refunded

    @property
    def outstanding(self) -> int:
        """Positive: the buyer owes; negative: the store owes."""
        rounding = self.payment_rounding - self.refund_rounding
        return self.current_total + rounding - self.net_payment + self.discrepancy


def totals_of(order: Order) -> Totals:
    """Every amount Shopify shows for an order; each identity of its money model holds exactly."""
    lines = [line for line in order.lines if not line.tip]
    ways = [line for line in order.shipping if not line.removed]
    duties = order.duties
    tip = sum(line.gross for line in order.lines if line.tip)
    subtotal = sum(line.gross - line.discount for line in lines)
    shipping, listed = sum(line.discounted for line in ways), sum(line.price for line in ways)
    charged = sum(duty.amount for duty in duties) + sum(fee.amount for fee in order.fees)
    taxed: list[OrderLine | ShippingLine | Duty | AdditionalFee] = [*order.lines, *ways, *duties, *order.fees]
    taxes = add_taxes(*(each.taxes for each in taxed))
    tax = sum(line.amount for line in taxes)
    sales = [sale for agreement in order.agreements for sale in agreement.sales]
    current_taxes = add_taxes(*(sale.taxes for sale in sales))
    return Totals(
        goods=sum(line.gross for line in lines),
        subtotal=subtotal,
        shipping=shipping,
        shipping_before_discount=listed,
        duties=sum(duty.amount for duty in duties),
        fees=sum(fee.amount for fee in order.fees),
        tax=tax,
        discounts=sum(line.discount for line in order.lines) + listed - shipping,
        tip=tip,
        total=subtotal + shipping + charged + tip + (0 if order.taxes_included else tax),
        original_total=sum(sale.total for sale in order.agreements[0].sales),
        current_subtotal=_value(order, sales, "PRODUCT", "GIFT_CARD"),
        current_shipping=_value(order, sales, "SHIPPING"),
        current_duties=_value(order, sales, "DUTY"),
        current_fees=_value(order, sales, "ADDITIONAL_FEE"),
        current_tax=sum(line.amount for line in current_taxes),
        current_discounts=sum(sale.discount for sale in sales),
        current_total=sum(sale.total for sale in sales),
        received=_moved(order, *PAYING) - _moved(order, "CHANGE"),
        refunded=_moved(order, "REFUND"),
        refunded_shipping=sum(s.subtotal for refund in order.refunds for s in refund.shipping),
        capturable=capturable(order),
        discrepancy=sum(a.amount for refund in order.refunds for a in refund.adjustments),
        payment_rounding=_rounded(order, *PAYING),
        refund_rounding=_rounded(order, "REFUND"),
        taxes=taxes,
        current_taxes=[line for line in current_taxes if line.amount or not order.refunds],
    )


def _value(order: Order, sales: list[Sale], *line_types: str) -> int:
    chosen = [sale for sale in sales if sale.line_type in line_types]
    return sum(sale.total - (0 if order.taxes_included else sale.tax) for sale in chosen)


def _moved(order: Order, *kinds: str) -> int:
    return sum(t.amount for t in order.transactions if t.status == "SUCCESS" and t.kind in kinds)


def _rounded(order: Order, *kinds: str) -> int:
    return sum(t.rounding for t in order.transactions if t.status == "SUCCESS" and t.kind in kinds)


def capturable(order: Order) -> int:
    """Authorised and neither captured nor voided."""
    left = 0
    for authorization in (t for t in order.transactions if t.kind == "AUTHORIZATION" and t.status == "SUCCESS"):
        taken = [t for t in order.transactions if t.parent_id == authorization.id and t.status == "SUCCESS"]
        if not any(t.kind == "VOID" for t in taken):
            left += authorization.amount - sum(t.amount for t in taken if t.kind == "CAPTURE")
    return left


def refundable(order: Order, payment: Transaction) -> int:
    """What of one payment has neither gone back nor is on its way back; of cash what was due, not what coins made."""
    back = [t for t in order.transactions if t.parent_id == payment.id and t.status in ("SUCCESS", "PENDING")]
    gone = sum(t.amount - t.rounding for t in back if t.kind in ("REFUND", "CHANGE"))
    return payment.amount - payment.rounding - gone


def on_its_way_back(order: Order) -> int:
    """Refunds that are neither done nor failed."""
    return sum(t.amount for t in order.transactions if t.kind == "REFUND" and t.status == "PENDING")


def financial_status(order: Order, totals: Totals) -> str:
    """One of Shopify's display financial statuses."""
    if order.stated_status is not None and not order.transactions:
        return order.stated_status
    if totals.received and totals.refunded >= totals.received:
        return "REFUNDED"
    if totals.refunded:
        return "PARTIALLY_REFUNDED"
    if totals.capturable:
        return "AUTHORIZED" if not totals.received else "PARTIALLY_PAID"
    if not totals.received and totals.original_total:
        return "VOIDED" if order.cancelled_at else "PENDING"
    return "PARTIALLY_PAID" if totals.outstanding > 0 else "PAID"
