"""A refund becomes one refund receipt out of the clearing account that the money left."""

from __future__ import annotations

from typing import Any

from ledgerport.events.v1 import entity_pb2
from ledgerport_libs.money import Money, total
from qbo_writer.posting import setup
from qbo_writer.posting.company import Company, Mapped
from qbo_writer.posting.lines import (
    ADJUSTMENT,
    GOODS,
    SHIPPING,
    BookLine,
    balance,
    describe,
    item_of,
    rate_of,
    render,
    shopify_side,
)
from qbo_writer.posting.marks import day, document_number, private_note
from qbo_writer.posting.orders import customer_of, gateway_label, shop_lines, was_cancelled_unpaid
from qbo_writer.posting.verdicts import Document, Needs, Problem, Verdict, hold, refuse, skip


def refund_receipt(
    record_id: str, order_id: str, order: entity_pb2.Order, refund_id: str, company: Company, mapped: Mapped
) -> Verdict:
    """The refund receipt of one refund, or the named reason why there is none. Its order is booked first."""
    refund = next((each for each in order.refunds if each.id == refund_id), None)
    if refund is None:
        return skip("REFUND_GONE", "Shopify does not list this refund any more.")
    paid = _paid_back(refund)
    if problem := _not_to_be_booked(order, refund, paid):
        return problem
    if ("order", order_id) not in mapped:
        return Needs((("order", order_id),))
    zero = Money.zero(order.currency)
    wanted = total((amount for amount in paid.values()), order.currency)
    lines = _lines(order, refund, zero)
    converted = order.presentment_currency != order.currency
    if problem := balance(lines, wanted, zero, may_round=converted):
        return problem
    missing = tuple(key for key in (customer_of(order), *map(setup.clearing, paid)) if key not in mapped)
    rendered = render(lines, company, mapped, zero)
    if isinstance(rendered, Problem):
        return rendered
    if missing or isinstance(rendered, Needs):
        return Needs((*missing, *(rendered.keys if isinstance(rendered, Needs) else ())))
    ordinal = 1 + [each.id for each in order.refunds].index(refund_id)
    number = document_number(order.name, f"-R{ordinal}", company)
    date = day(_moved_at(refund), order.store_zone)
    body: dict[str, Any] = {
        **rendered.body,
        "CustomerRef": {"value": mapped[customer_of(order)]},
        "TxnDate": date,
        "PrivateNote": private_note(f"Refund {ordinal} of Shopify order {order.name}. {refund.note}", record_id),
    }
    if number:
        body["DocNumber"] = number
    for label in paid:
        body["DepositToAccountRef"] = {"value": mapped[setup.clearing(label)]}
    components = shopify_side(lines, wanted)
    return Document("RefundReceipt", body, number, date, wanted, components, rendered.component_of_item)


def refund_reference(order: entity_pb2.Order, refund_id: str) -> str:
    ordinal = 1 + [each.id for each in order.refunds].index(refund_id)
    return f"{order.name}-R{ordinal}"


def _paid_back(refund: entity_pb2.Refund) -> dict[str, Money]:
    """Money that left, by gateway label: SUCCESS refunds only (Shopify: a refund record itself is not money)."""
    paid: dict[str, Money] = {}
    for transaction in refund.transactions:
        if transaction.kind == "REFUND" and transaction.status == "SUCCESS":
            label, amount = gateway_label(transaction), Money.from_proto(transaction.amount)
            paid[label] = paid.get(label, Money.zero(amount.currency)) + amount
    return {label: amount for label, amount in paid.items() if amount}


def _not_to_be_booked(order: entity_pb2.Order, refund: entity_pb2.Refund, paid: dict[str, Money]) -> Problem | None:
    if order.test:
        return skip("TEST_ORDER", "Test orders never reach the books.")
    pending = [t for t in refund.transactions if t.kind == "REFUND" and t.status in ("PENDING", "AWAITING_RESPONSE")]
    if pending:
        return hold("REFUND_PENDING", "Waits until the money has left: the gateway has not confirmed the refund.")
    if was_cancelled_unpaid(order) or not (paid or refund.lines or refund.shipping_lines or refund.adjustments):
        return skip("NO_MONEY", "No money moved and nothing came back: there is nothing to book.")
    kinds = {
        "that gave no money back": not paid,
        "to several gateways": len(paid) > 1,
        "of duties": bool(refund.duties),
    }
    for kind, found in kinds.items():
        if found:
            return refuse(
                "NO_BOOKING_RULE",
                f"A refund {kind} cannot be booked by itself yet.",
                f"This refund of order {order.name} is one {kind}; it was not guessed at, and not booked in part.",
                "Book this one refund in QuickBooks by hand, then choose Ignore here.",
            )
    return None


def _lines(order: entity_pb2.Order, refund: entity_pb2.Refund, zero: Money) -> list[BookLine]:
    """What came back, and what was given or kept beyond it. Subtotals hold the tax where taxes are included."""
    sold = shop_lines(order)
    lines = []
    for back in refund.lines:
        line, tax = sold[back.line_id], Money.from_proto(back.tax)
        amount = Money.from_proto(back.subtotal) - (tax if order.taxes_included else zero)
        rate = rate_of(line.tax_lines)
        lines.append(BookLine(GOODS, item_of(line), describe(line), amount, max(back.quantity, 1), tax, rate))
    shipping_rates = {line.id: rate_of(line.tax_lines) for line in order.shipping_lines}
    for shipping in refund.shipping_lines:
        tax = Money.from_proto(shipping.tax)
        amount = Money.from_proto(shipping.subtotal) - (tax if order.taxes_included else zero)
        rate = shipping_rates.get(shipping.shipping_line_id, next(iter(shipping_rates.values()), rate_of(())))
        lines.append(BookLine(SHIPPING, setup.SHIPPING_ITEM, "Shipping", amount, 1, tax, rate))
    for adjustment in refund.adjustments:
        # Shopify: negative means that more was given back than calculated.
        extra = -(Money.from_proto(adjustment.amount) + Money.from_proto(adjustment.tax))
        if extra:
            text = "Goodwill" if extra.minor > 0 else "Kept from the refund"
            lines.append(BookLine(ADJUSTMENT, setup.REFUND_ITEM, text, extra, 1, zero))
    return lines


def _moved_at(refund: entity_pb2.Refund) -> Any:
    """When the money left: the last successful refund transaction."""
    moments = [t.processed_at for t in refund.transactions if t.status == "SUCCESS" and t.HasField("processed_at")]
    return max(moments, key=lambda moment: (moment.seconds, moment.nanos), default=refund.created_at)
