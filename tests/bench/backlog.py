"""A store's past orders as events: few customers and few products among many orders, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from ledgerport.events.v2 import entity_pb2
from qbo_writer_testing.shop import Part, Tax, line, order, paid, shipping
from qbo_writer_testing.stage import source_of

CUSTOMERS_IN_10_000 = 300
ITEMS = 60
_RATE = 8


def orders(count: int, *, first: int = 10_001, seed: int = 1) -> Iterator[entity_pb2.EntityEvent]:
    """`count` paid orders of one to four lines with tax and shipping."""
    chance = Random(seed)  # noqa: S311 - the same seed, the same orders
    buyers = max(10, CUSTOMERS_IN_10_000 * count // 10_000)
    for number in range(first, first + count):
        yield entity_pb2.EntityEvent(source_id=source_of(f"#{number}"), order=_order(number, buyers, chance))


def _order(number: int, buyers: int, chance: Random) -> entity_pb2.Order:
    parts = [_line(number * 10 + place, chance) for place in range(chance.choice((1, 1, 2, 2, 3, 4)))]
    buyer = chance.randrange(buyers)
    whole = sum(_cents(part) for part in parts) + 500
    money = paid(_text(whole), number=number)
    made = order(*parts, shipping("5.00"), number=number, paid_by=[money])
    made.customer_id = f"gid://shopify/Customer/{7000 + buyer}"
    name = f"Buyer {buyer}"
    made.customer.CopyFrom(
        entity_pb2.Customer(display_name=name, first_name="Buyer", last_name=str(buyer), email=f"buyer{buyer}@b.test")
    )
    return made


def _line(number: int, chance: Random) -> Part:
    item, quantity = chance.randrange(ITEMS), chance.choice((1, 1, 1, 2, 3))
    cents = 995 + 137 * item
    tax = cents * quantity * _RATE // 100
    taxes = [Tax(_text(tax), f"0.{_RATE:02}")]
    return line(number, _text(cents), quantity=quantity, taxes=taxes, variant=900 + item, title=f"Ware {item}")


def _cents(part: Part) -> int:
    amounts = [part.net, *(tax.amount for tax in part.taxes)]
    return sum(int(amount.replace(".", "")) for amount in amounts)


def _text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
