"""Both sides of the audit as each provider states them: the store's orders, the company's documents, its ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

Amounts = Mapping[str, Decimal]
# The kinds of document that sell, and the kinds that give back.
SELLS, GIVES_BACK = ("SalesReceipt", "Invoice"), ("RefundReceipt", "CreditMemo")
KINDS = (*SELLS, *GIVES_BACK, "Payment", "JournalEntry")
# What an order is made of. Only these are its worth; tenders settle it, adjustments and rounding stand beside it.
GOODS, SHIPPING, TAX, TIP, DUTY, FEE, GIFT_CARDS = "goods", "shipping", "tax", "tip", "duty", "fee", "gift cards sold"
WORTH = (GOODS, SHIPPING, TAX, TIP, DUTY, FEE, GIFT_CARDS)
ADJUSTMENT, ROUNDING, TENDER = "adjustment", "rounding", "gift cards and store credit used"


@dataclass(frozen=True)
class StoreOrder:
    """An order as the store states it, in the store's currency."""

    id: str
    name: str
    # What it is worth now, and the tax in it.
    total: Decimal
    tax: Decimal = Decimal(0)
    # The same by component and with agreed adjustments, where the store lists its own ledger of the order.
    parts: Amounts | None = None
    # Money at each gateway: what came in less what went back. Gift cards and store credit are no money.
    money: Amounts = field(default_factory=dict)
    tenders: Decimal = Decimal(0)
    rounding: Decimal = Decimal(0)
    # Positive: the buyer owes; negative: the store owes.
    outstanding: Decimal = Decimal(0)
    refunds: int = 0
    # A marketplace or a foreign buyer: amounts were converted one by one, so that sums may miss a cent for each.
    amounts_converted: int = 0
    test: bool = False

    @property
    def paid(self) -> Decimal:
        return sum(self.money.values(), Decimal(0)) + self.tenders


@dataclass(frozen=True)
class BookedDocument:
    """A document as QuickBooks states it."""

    kind: str
    qbo_id: str
    number: str
    # The order it names, and our mark of the record that made it.
    order: str
    mark: str
    total: Decimal
    # Its lines and its tax by component.
    parts: Amounts = field(default_factory=dict)
    # The account its money lies in or came out of; of a journal entry the one that is no receivable.
    account: str = ""
    # What of it is neither paid nor set off.
    open: Decimal = Decimal(0)

    @property
    def sign(self) -> int:
        return -1 if self.kind in GIVES_BACK else 1

    @property
    def money(self) -> Decimal:
        """Into its account; negative: out of it."""
        if self.kind in ("SalesReceipt", "Payment"):
            return self.total
        return -self.total if self.kind in ("RefundReceipt", "JournalEntry") else Decimal(0)

    @property
    def owed(self) -> Decimal:
        """By how much the customer owes more because of it: by the ledger, whatever was set against what."""
        if self.kind in ("Invoice", "JournalEntry"):
            return self.total
        return -self.total if self.kind in ("CreditMemo", "Payment") else Decimal(0)

    @property
    def still_owed(self) -> Decimal:
        """The same, of what is still open."""
        return -self.open if self.kind in ("CreditMemo", "Payment") else self.open


@dataclass(frozen=True)
class Told:
    """What LedgerPort itself says of a record: its status, and the reason if it is not in QuickBooks."""

    kind: str
    reference: str
    source_id: str
    status: str
    reason: str


@dataclass(frozen=True)
class Ledger:
    """The company's books as a whole."""

    debits: Decimal
    credits: Decimal
    # What lies in each clearing account, and what customers owe altogether.
    clearing: Amounts
    receivable: Decimal
