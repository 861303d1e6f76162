"""What is personal in an entity event, and what stays of it when it must be forgotten."""

from __future__ import annotations

from ledgerport.events.v2 import entity_pb2

# Country and region decide about tax and name nobody.
_KEPT_OF_ADDRESS = ("province_code", "country_code")


def forget(event: entity_pb2.EntityEvent) -> None:
    """Blank names, e-mail, phone and addresses in place. Ids, amounts, dates and goods stay: the books need them."""
    match event.WhichOneof("entity"):
        case "customer":
            event.customer.CopyFrom(entity_pb2.Customer())
        case "order":
            _forget_buyer(event.order)


def _forget_buyer(order: entity_pb2.Order) -> None:
    for name in ("customer", "email", "purchase_order_number"):
        order.ClearField(name)
    order.company.CopyFrom(entity_pb2.Company(id=order.company.id))
    for address in (order.billing_address, order.shipping_address):
        kept = entity_pb2.Address(**{name: getattr(address, name) for name in _KEPT_OF_ADDRESS})
        address.CopyFrom(kept)
    for refund in order.refunds:
        refund.note = ""
