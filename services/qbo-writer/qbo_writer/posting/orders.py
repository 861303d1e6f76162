"""An order paid by one gateway becomes one sales receipt into that gateway's clearing account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ledgerport.events.v1 import entity_pb2
from ledgerport_libs.money import Money, total
from qbo_writer.posting import setup, texts
from qbo_writer.posting.company import Company, Mapped
from qbo_writer.posting.customers import address_body
from qbo_writer.posting.lines import (
    DISCOUNT,
    GOODS,
    SHIPPING,
    BookLine,
    Rendered,
    balance,
    describe,
    item_of,
    rate_of,
    render,
    shopify_side,
    tax_of,
)
from qbo_writer.posting.marks import day, document_number, private_note
from qbo_writer.posting.verdicts import Document, Key, Needs, Problem, Verdict, hold, refuse, skip

_MONEY_IN = ("SALE", "CAPTURE")
_NOT_MONEY = ("gift_card", "shopify_store_credit")


def sales_receipt(record_id: str, order: entity_pb2.Order, company: Company, mapped: Mapped) -> Verdict:
    """The sales receipt of a paid order, or the named reason why there is none."""
    if problem := _not_to_be_booked(order, company) or _unpaid(order):
        return problem
    zero = Money.zero(order.currency)
    lines = _lines(order, company, zero)
    wanted = Money.from_proto(order.totals.total)
    converted = order.presentment_currency != order.currency
    if problem := balance(lines, wanted, zero, may_round=converted):
        return problem
    missing = tuple(key for key in _parties(order) if key not in mapped)
    rendered = render(lines, company, mapped, zero)
    if isinstance(rendered, Problem):
        return rendered
    if missing or isinstance(rendered, Needs):
        return Needs((*missing, *(rendered.keys if isinstance(rendered, Needs) else ())))
    return _document(record_id, order, company, mapped, rendered, shopify_side(lines, wanted))


def customer_of(order: entity_pb2.Order) -> Key:
    """The record of the buyer; guests and nameless buyers go to one generic customer."""
    return ("customer", order.customer_id) if order.customer_id else setup.GUESTS


def gateways_paid(order: entity_pb2.Order) -> dict[str, Money]:
    """Money received by gateway label: SUCCESS sales and captures less cash change (Shopify: only SUCCESS moved)."""
    paid: dict[str, Money] = {}
    for transaction in order.transactions:
        if transaction.status != "SUCCESS" or transaction.test:
            continue
        sign = 1 if transaction.kind in _MONEY_IN else -1 if transaction.kind == "CHANGE" else 0
        if sign:
            label = gateway_label(transaction)
            before = paid.get(label, Money.zero(order.currency))
            paid[label] = before + Money(sign * transaction.amount.minor, transaction.amount.currency)
    return {label: amount for label, amount in paid.items() if amount}


def was_cancelled_unpaid(order: entity_pb2.Order) -> bool:
    """No money ever came in. Shopify then may list a refund of the lines, without money."""
    return order.HasField("cancelled_at") and not gateways_paid(order)


def gateway_label(transaction: entity_pb2.Transaction) -> str:
    return transaction.gateway_label or transaction.gateway or "Shopify"


def shop_lines(order: entity_pb2.Order) -> dict[str, entity_pb2.OrderLine]:
    return {line.id: line for line in order.lines}


def _not_to_be_booked(order: entity_pb2.Order, company: Company) -> Problem | None:
    if order.test or any(t.test for t in order.transactions):
        return skip("TEST_ORDER", "Test orders never reach the books.")
    if was_cancelled_unpaid(order):
        return skip("CANCELLED_UNPAID", "Cancelled before anything was paid: there is nothing to book.")
    if order.currency != company.home_currency:
        return refuse(
            "CURRENCY_NOT_ENABLED",
            f"The store sells in {order.currency}, the QuickBooks company keeps its books in {company.home_currency}.",
            "Amounts are booked in the store's currency.",
            "Connect a store whose currency is that of the company.",
        )
    return _not_covered(order)


def _not_covered(order: entity_pb2.Order) -> Problem | None:
    """Kinds of order that have no booking rule yet: named, never guessed and never dropped."""
    kinds = {
        "edited after it was placed": order.edited,
        "with duties": any(line.duties for line in order.lines),
        "with additional fees": bool(order.additional_fees),
        "with a tip": order.totals.tips.minor != 0,
        "that sells a gift card": any(line.gift_card for line in order.lines),
        "whose tax a marketplace remits": any(tax.channel_liable for tax in _all_taxes(order)),
        "paid with a gift card or store credit": any(
            t.gateway in _NOT_MONEY and t.status == "SUCCESS" for t in order.transactions
        ),
        "paid through several gateways": len(gateways_paid(order)) > 1,
    }
    for kind, found in kinds.items():
        if found:
            return refuse(
                "NO_BOOKING_RULE",
                f"An order {kind} cannot be booked by itself yet.",
                f"Order {order.name} is one {kind}; it was not guessed at, and not booked in part.",
                "Book this one order in QuickBooks by hand, then choose Ignore here.",
            )
    return None


def _all_taxes(order: entity_pb2.Order) -> Iterable[entity_pb2.TaxLine]:
    for line in order.lines:
        yield from line.tax_lines
    for shipping in order.shipping_lines:
        yield from shipping.tax_lines


def _unpaid(order: entity_pb2.Order) -> Problem | None:
    paid = total(gateways_paid(order).values(), order.currency)
    wanted = Money.from_proto(order.totals.total)
    if paid < wanted:
        state = order.financial_status.replace("_", " ").lower() or "not paid"
        return hold("WAITS_FOR_PAYMENT", f"Waits until it is paid: Shopify says {state}, {paid} of {wanted} received.")
    if paid > wanted:
        return refuse(
            "OVERPAID",
            f"{paid} {paid.currency} was received for an order of {wanted}.",
            "More money came in than the order is worth.",
            "Refund the difference in Shopify, or book this order by hand and choose Ignore.",
        )
    return None


def _lines(order: entity_pb2.Order, company: Company, zero: Money) -> list[BookLine]:
    """Gross lines and a discount line for each taxability; net lines where taxes are included or codes are needed."""
    inside = order.taxes_included or company.country != "US"
    lines: list[BookLine] = []
    discounts = {True: zero, False: zero}
    for line in order.lines:
        if line.quantity < 1:
            continue
        tax, off = tax_of(line.tax_lines, zero.currency), total_discount(line, zero)
        amount = Money.from_proto(line.original_total) - (tax if order.taxes_included else zero)
        if inside:
            amount = amount - off
        else:
            discounts[bool(tax)] = discounts[bool(tax)] + off
        lines.append(
            BookLine(GOODS, item_of(line), describe(line), amount, line.quantity, tax, rate_of(line.tax_lines))
        )
    lines += [
        BookLine(
            DISCOUNT,
            setup.DISCOUNT_ITEM,
            f"Discount{'' if taxed else ' (not taxed)'}",
            -off,
            1,
            zero,
            lowers_taxed=taxed,
        )
        for taxed, off in discounts.items()
        if off
    ]
    return lines + [_shipping(line, order, zero) for line in order.shipping_lines if not line.removed]


def total_discount(line: entity_pb2.OrderLine, zero: Money) -> Money:
    return total((Money.from_proto(discount.amount) for discount in line.discounts), zero.currency)


def _shipping(line: entity_pb2.ShippingLine, order: entity_pb2.Order, zero: Money) -> BookLine:
    tax = tax_of(line.tax_lines, zero.currency)
    amount = Money.from_proto(line.discounted_price) - (tax if order.taxes_included else zero)
    title = texts.clean(f"Shipping: {line.title}" if line.title else "Shipping", 1000)
    return BookLine(SHIPPING, setup.SHIPPING_ITEM, title, amount, 1, tax, rate_of(line.tax_lines))


def _parties(order: entity_pb2.Order) -> list[Key]:
    return [customer_of(order), *(setup.clearing(label) for label in gateways_paid(order))]


def _document(
    record_id: str,
    order: entity_pb2.Order,
    company: Company,
    mapped: Mapped,
    rendered: Rendered,
    components: dict[str, Money],
) -> Document:
    number = document_number(order.name, "", company)
    date = day(order.processed_at, order.store_zone)
    body: dict[str, Any] = {
        **rendered.body,
        "CustomerRef": {"value": mapped[customer_of(order)]},
        "TxnDate": date,
        "PrivateNote": private_note(f"Shopify order {order.name}", record_id),
    }
    if number:
        body["DocNumber"] = number
    for label in gateways_paid(order):
        body["DepositToAccountRef"] = {"value": mapped[setup.clearing(label)]}
    for member, address in (("BillAddr", order.billing_address), ("ShipAddr", order.shipping_address)):
        if parts := address_body(address):
            body[member] = parts
    return Document("SalesReceipt", body, number, date, components["total"], components, rendered.component_of_item)
