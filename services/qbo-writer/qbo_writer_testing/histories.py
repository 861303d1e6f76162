"""Histories of orders for property tests: whatever can happen to an order, in amounts that add up as Shopify's do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.money import Money
from qbo_writer_testing.shop import (
    Part,
    Tax,
    agreed,
    duty,
    fee,
    happened,
    kept,
    line,
    order,
    paid,
    refund,
    shipping,
    stamp,
    tip,
)

BEGAN = datetime(2026, 11, 1, 12, tzinfo=UTC)
GATEWAYS = ("shopify_payments", "paypal", "gift_card", "manual", "shopify_store_credit", "cash")
# The smallest coin, in minor units.
COIN = 5


def text(minor: int) -> str:
    return str(Money(minor, "USD"))


@dataclass
class Story:
    """One order that grows step by step. Everything it decides comes out of `chance`, so a seed is the whole story."""

    chance: Random
    number: int
    tax_rate: str = "0.0825"
    currency: str = "USD"
    step: int = 0
    sequence: int = 0
    units: list[Part] = field(default_factory=list)
    states: list[entity_pb2.Order] = field(default_factory=list)

    @property
    def now(self) -> entity_pb2.Order:
        return self.states[-1]

    @property
    def outstanding(self) -> int:
        """What the buyer still owes by Shopify's own sum; negative where the store owes."""
        totals = self.now.totals
        adjusted = sum(each.amount.shop for r in self.now.refunds for each in r.adjustments)
        rounded = totals.cash_rounding_payment.shop - totals.cash_rounding_refund.shop
        return totals.current_total.shop + adjusted + rounded - totals.net_payment.shop

    def at(self) -> str:
        """Each step happens a few hours after the one before."""
        return (BEGAN + timedelta(hours=7 * self.step)).isoformat()

    def next_id(self) -> int:
        self.sequence += 1
        return self.number * 1000 + self.sequence

    # --- the sale ---------------------------------------------------------------------------------

    def place(self) -> None:
        """Between one and five lines and what may come with them, paid somehow or not yet."""
        lines = [self._line() for _ in range(self.chance.randint(1, 5))]
        self.units = [unit for each in lines for unit in _units(each)]
        extras: list[Callable[[], Part]] = [
            self._shipping,
            lambda: tip(text(self.chance.randint(1, 900))),
            lambda: duty(text(self.chance.randint(1, 900))),
            lambda: fee(text(self.chance.randint(1, 900))),
        ]
        parts = [*lines, *(extra() for extra in extras if self.chance.random() < 0.3)]
        whole = sum(_worth(part) for part in parts)
        payments = self._payments(whole) if self.chance.random() < 0.8 else []
        placed = order(
            *parts,
            number=self.number,
            paid_by=payments,
            guest=self.chance.random() < 0.2,
            at=self.at(),
            currency=self.currency,
            taxes_included=self.currency == "GBP",
        )
        placed.agreements[0].happened_at.CopyFrom(stamp(self.at()))
        self.states.append(placed)

    def _shipping(self) -> Part:
        price = self.chance.randint(0, 1500)
        return shipping(text(price), *self._taxes(price))

    def _line(self) -> Part:
        number = self.next_id()
        price, quantity = self.chance.choice([0, 1, 33, 999, 1999, 12345]), self.chance.randint(1, 4)
        off = self.chance.randint(0, price * quantity) if self.chance.random() < 0.3 else 0
        if self.chance.random() < 0.1:
            return line(number, text(max(price, 1)), gift_card=True, variant=None)
        variant = None if self.chance.random() < 0.1 else self.chance.randint(1, 12)
        taxes = self._taxes(price * quantity - off)
        return line(number, text(price), quantity=quantity, off=text(off), taxes=taxes, variant=variant)

    def _taxes(self, net: int) -> list[Tax]:
        """A tax of about the rate; Shopify's own rounding is nothing that books may rely on."""
        if self.chance.random() < 0.3:
            return []
        amount = net * int(self.tax_rate.replace("0.", "").ljust(4, "0")) // 10_000
        channel = self.chance.random() < 0.1
        return [Tax(text(amount + self.chance.choice([0, 0, 1])), self.tax_rate, "Sales tax", channel)] if net else []

    def _payments(self, whole: int) -> list[entity_pb2.Transaction]:
        """The whole sum, by one to three gateways, or only a part of it."""
        if whole <= 0:
            return []
        amount = whole if self.chance.random() < 0.8 else self.chance.randint(1, whole)
        cuts = sorted({self.chance.randint(1, amount) for _ in range(self.chance.choice([0, 0, 1, 2]))} - {amount})
        shares = [b - a for a, b in zip([0, *cuts], [*cuts, amount], strict=True)]
        return [self._paid(share) for share in shares]

    def _paid(self, amount: int, kind: str = "SALE") -> entity_pb2.Transaction:
        weights = (8, 2, 2, 1, 1, 3)
        gateway = self.chance.choices(GATEWAYS, weights)[0]
        moved = amount
        if gateway == "cash":
            moved = (amount + COIN // 2) // COIN * COIN
            if not moved or (kind == "REFUND" and moved > self.now.totals.net_payment.shop):
                gateway, moved = GATEWAYS[0], amount
        rounding = text(moved - amount)
        return paid(text(moved), kind=kind, gateway=gateway, at=self.at(), number=self.next_id(), rounding=rounding)

    # --- what happens later -----------------------------------------------------------------------

    def go_on(self) -> None:
        self.step += 1
        moves = [self.add_line, self.remove_unit, self.refund_units, self.goodwill, self.settle_up, self.exchange]
        self.chance.choice(moves)()

    def add_line(self) -> None:
        added = self._line()
        self.units += _units(added)
        agreement = agreed(self.next_id(), added, reason="ORDER_EDIT", at=self.at())
        self.states.append(happened(self.now, agreement, parts=[added]))

    def remove_unit(self) -> None:
        if not self.units:
            return
        gone = self.units.pop(self.chance.randrange(len(self.units)))
        agreement = agreed(self.next_id(), gone.back(1), reason="ORDER_EDIT", at=self.at())
        self.states.append(happened(self.now, agreement))

    def refund_units(self) -> None:
        if not self.units:
            return
        self.chance.shuffle(self.units)
        count = self.chance.randint(1, min(3, len(self.units)))
        gone, self.units = self.units[:count], self.units[count:]
        fees = [Part("FEE", "", text(self.chance.randint(1, 20)), title="Restocking fee")]
        extra = fees if self.chance.random() < 0.2 and sum(map(_worth, gone)) > 50 else []
        number = self.next_id()
        agreement = agreed(
            number, *(each.back(1) for each in gone), *extra, reason="REFUND", refund=number, at=self.at()
        )
        worth = sum(map(_worth, gone)) - sum(map(_worth, extra))
        self._pay_back(number, [agreement], self.chance.choice([worth, worth, 0, worth // 2]))

    def goodwill(self) -> None:
        kept_money = self.now.totals.net_payment.shop
        if kept_money <= 0:
            return
        amount, number = self.chance.randint(1, min(kept_money, 500)), self.next_id()
        self._pay_back(number, [], amount, adjustments=[kept(text(-amount))])

    def settle_up(self) -> None:
        """The buyer pays what is owed, or the store pays back what it owes."""
        owed = self.outstanding
        if owed > 0:
            self.states.append(happened(self.now, money=[self._paid(owed)]))
        elif owed < 0:
            self._pay_back(self.next_id(), [], -owed)

    def exchange(self) -> None:
        """One unit comes back, something else goes out; money moves later or never."""
        if not self.units:
            return
        gone = self.units.pop(self.chance.randrange(len(self.units)))
        new = self._line()
        self.units += _units(new)
        number = self.next_id()
        agreement = agreed(number, gone.back(1), new, reason="RETURN", refund=number, at=self.at())
        difference = _worth(gone) - _worth(new)
        self._pay_back(number, [agreement], difference if self.chance.random() < 0.7 else 0, parts=[new])

    def _pay_back(
        self,
        number: int,
        agreements: list[entity_pb2.Agreement],
        amount: int,
        adjustments: list[entity_pb2.OrderAdjustment] | None = None,
        parts: list[Part] | None = None,
    ) -> None:
        """Never more than what came in (Shopify refuses that): what is left stays owed."""
        amount = max(0, min(amount, self.now.totals.net_payment.shop))
        money = [self._paid(amount, "REFUND")] if amount else []
        made = refund(number, *money, at=self.at(), adjustments=adjustments or [])
        self.states.append(happened(self.now, *agreements, money=money, refunds=[made], parts=parts or []))


def _worth(part: Part) -> int:
    tax = sum(Money.parse(tax.amount, "USD").minor for tax in part.taxes)
    return Money.parse(part.net, "USD").minor + tax


def _units(part: Part) -> list[Part]:
    """A line as single units: cents that do not divide stay with the first ones."""
    count = part.quantity
    nets = Money.parse(part.net, "USD").split([1] * count)
    offs = Money.parse(part.off, "USD").split([1] * count)
    taxes = [Money.parse(tax.amount, "USD").split([1] * count) for tax in part.taxes]
    return [
        Part(
            part.kind,
            part.line_id,
            str(nets[i]),
            tuple(
                Tax(str(shares[i]), tax.rate, tax.title, tax.channel)
                for tax, shares in zip(part.taxes, taxes, strict=True)
            ),
            str(offs[i]),
            1,
            part.title,
            part.members,
        )
        for i in range(count)
    ]


def tell(seed: int, number: int, steps: int, *, british: bool = False) -> Story:
    """The story of a seed: the same one every time."""
    chance = Random(seed)  # noqa: S311 - stories, no secrets
    story = Story(chance, number, "0.2", "GBP") if british else Story(chance, number)
    story.place()
    for _ in range(steps):
        story.go_on()
    return story
