"""The books held against the store: every order by component, money by gateway, what is owed, and the ledger whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ledgerport_local.audit_facts import (
    ADJUSTMENT,
    ROUNDING,
    SELLS,
    TAX,
    TENDER,
    WORTH,
    Amounts,
    BookedDocument,
    Ledger,
    StoreOrder,
    Told,
)

_NOTHING = Decimal(0)
_CENT = Decimal("0.01")
_LEFT_OUT = ("ON_HOLD", "SKIPPED")
Sums = dict[str, tuple[Decimal, Decimal]]


@dataclass
class Comparison:
    """Both sides and what does not agree."""

    orders: int = 0
    refunds: int = 0
    documents: Counter[str] = field(default_factory=Counter)
    # Component -> what the store says, what the books say; only of orders that are in the books.
    sums: Sums = field(default_factory=dict)
    # (status, reason) -> how many records are not in QuickBooks, as LedgerPort says itself.
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    # Cents that stand on the rounding account because amounts were converted one by one.
    converted: Decimal = _NOTHING
    duplicates: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def proved(self) -> bool:
        """Nothing lost, nothing doubled, not a cent of difference."""
        return not (self.duplicates or self.missing or self.differences)

    def add(self, component: str, store: Decimal, books: Decimal) -> None:
        there, here = self.sums.get(component, (_NOTHING, _NOTHING))
        self.sums[component] = (there + store, here + books)


def compare(
    orders: Iterable[StoreOrder],
    documents: Sequence[BookedDocument],
    told: Iterable[Told] = (),
    ledger: Ledger | None = None,
) -> Comparison:
    """Pure. `told`: why records are not in QuickBooks; without it every order has to be there."""
    found = Comparison()
    states = {each.source_id: each for each in told if each.kind in ("ORDER", "REFUND", "PAYMENT")}
    booked: dict[str, list[BookedDocument]] = {}
    for document in documents:
        booked.setdefault(document.order, []).append(document)
        found.documents[document.kind] += 1
    clearing: dict[str, Decimal] = {}
    for order in orders:
        theirs = booked.pop(order.name, [])
        if order.test:
            found.differences += [f"{order.name} is a test order, yet {_called(each)} is booked" for each in theirs]
            continue
        found.orders += 1
        found.refunds += order.refunds
        if not theirs:
            _not_there(order, states.get(order.id), found)
            continue
        _compare_order(order, theirs, found)
        for gateway, amount in order.money.items():
            clearing[_clearing(gateway)] = clearing.get(_clearing(gateway), _NOTHING) + amount
    for strangers in booked.values():
        found.differences += [f"{_called(each)} for {each.order}: no such order" for each in strangers]
    for state in states.values():
        if state.status != "SYNCED":
            found.left_out[(state.status, state.reason)] += 1
    if ledger is not None:
        _compare_ledger(ledger, clearing, documents, found)
    return found


def _not_there(order: StoreOrder, state: Told | None, found: Comparison) -> None:
    """It may be held or left out, with a reason that the page shows; money that came in is never left out for good."""
    if state is None or state.status not in _LEFT_OUT or not state.reason:
        found.missing.append(f"{order.name}: no document, {f'{state.status} {state.reason}' if state else 'no record'}")
    elif state.status == "SKIPPED" and order.paid:
        found.missing.append(f"{order.name}: skipped as {state.reason}, yet {order.paid} was paid")


# --- one order ----------------------------------------------------------------------------------------


def _compare_order(order: StoreOrder, documents: Sequence[BookedDocument], found: Comparison) -> None:
    doubled = _doubled(order.name, documents)
    worth = _worth(order, documents, found)
    wrong = [*worth, *_money(order, documents, found), *_owed(order, documents)]
    if not any(document.kind in SELLS for document in documents):
        found.missing.append(f"{order.name}: no sale, only {', '.join(_called(each) for each in documents)}")
    if worth and not doubled:
        doubled = _twins(order.name, documents)
    found.duplicates += doubled
    found.differences += [f"{order.name}: {each}" for each in wrong]


def _doubled(name: str, documents: Sequence[BookedDocument]) -> list[str]:
    """Two of one kind with one number; two payments of one transaction (a payment of 0 only sets credits off)."""
    numbers = Counter((each.kind, each.number) for each in documents if each.number and each.kind != "Payment")
    payments = Counter(each.mark for each in documents if each.kind == "Payment" and each.total)
    return [
        *(f"{name}: {count} times {kind} {number}" for (kind, number), count in numbers.items() if count > 1),
        *(f"{name}: one transaction as {count} payments" for count in payments.values() if count > 1),
    ]


def _twins(name: str, documents: Sequence[BookedDocument]) -> list[str]:
    """Documents that are the same in everything: told as doubles only where the order's worth is wrong, too."""
    alike = Counter((d.kind, d.mark, d.total, tuple(sorted(d.parts.items()))) for d in documents if d.total)
    return [f"{name}: {count} equal {each[0]}s of {each[2]}" for each, count in alike.items() if count > 1]


def _worth(order: StoreOrder, documents: Sequence[BookedDocument], found: Comparison) -> list[str]:
    """Component by component what the store's own ledger of the order says, and the whole by its stated totals."""
    books = _sum_of_parts(documents)
    agreed = order.parts.get(ADJUSTMENT, _NOTHING) if order.parts is not None else _NOTHING
    whole, tax = sum((books.get(name, _NOTHING) for name in WORTH), agreed), books.get(TAX, _NOTHING)
    may_round = order.amounts_converted * _CENT
    wrong = []
    if abs(whole - order.total) > may_round:
        wrong.append(_differs("is worth", order.total, whole))
    if abs(tax - order.tax) > may_round:
        wrong.append(_differs("holds tax of", order.tax, tax))
    for name in WORTH if order.parts is not None else ():
        theirs = (order.parts or {}).get(name, _NOTHING)
        if theirs != books.get(name, _NOTHING):
            wrong.append(_differs(f"holds {name} of", theirs, books.get(name, _NOTHING)))
    for name in WORTH:
        known = order.parts.get(name, _NOTHING) if order.parts is not None else books.get(name, _NOTHING)
        found.add(name, known, books.get(name, _NOTHING))
    stated = order.total if not order.amounts_converted or order.parts is None else sum(order.parts.values(), _NOTHING)
    found.add("worth", stated, whole)
    rounding = books.get(ROUNDING, _NOTHING)
    if order.amounts_converted:
        found.converted += rounding - order.rounding
        if abs(rounding - order.rounding) > 2 * may_round:
            wrong.append(_differs("was rounded by", order.rounding, rounding))
    elif rounding != order.rounding:
        wrong.append(_differs("was rounded by", order.rounding, rounding))
    return wrong


def _sum_of_parts(documents: Iterable[BookedDocument]) -> Amounts:
    sums: dict[str, Decimal] = {}
    for document in documents:
        for name, amount in document.parts.items():
            sums[name] = sums.get(name, _NOTHING) + document.sign * amount
    return sums


def _money(order: StoreOrder, documents: Sequence[BookedDocument], found: Comparison) -> list[str]:
    """Money by gateway, each in its own clearing account, and tenders that are no money."""
    there = {_clearing(gateway): amount for gateway, amount in order.money.items() if amount}
    here: dict[str, Decimal] = {}
    for document in documents:
        if document.money:
            here[document.account] = here.get(document.account, _NOTHING) + document.money
    wrong = [
        _differs(f"was paid, in {account},", there.get(account, _NOTHING), here.get(account, _NOTHING))
        for account in sorted({*there, *here})
        if there.get(account, _NOTHING) != here.get(account, _NOTHING)
    ]
    used = -_sum_of_parts(documents).get(TENDER, _NOTHING)
    if used != order.tenders:
        wrong.append(_differs("was paid by gift card or store credit with", order.tenders, used))
    found.add("money received", sum(there.values(), _NOTHING), sum(here.values(), _NOTHING))
    found.add(TENDER, order.tenders, used)
    return wrong


def _owed(order: StoreOrder, documents: Sequence[BookedDocument]) -> list[str]:
    """What stays open is what the store calls outstanding, and no credit stands open beside what it could pay."""
    by_ledger = sum((each.owed for each in documents), _NOTHING)
    wrong = []
    if abs(by_ledger - order.outstanding) > order.amounts_converted * _CENT:
        wrong.append(_differs("is still to be paid with", order.outstanding, by_ledger))
    if by_ledger != (still := sum((each.still_owed for each in documents), _NOTHING)):
        wrong.append(f"{by_ledger} is owed by the ledger, {still} by what is open")
    debits = sum((each.still_owed for each in documents if each.still_owed > 0), _NOTHING)
    credits = sum((-each.still_owed for each in documents if each.still_owed < 0), _NOTHING)
    if min(debits, credits):
        wrong.append(f"{min(debits, credits)} of open credits are not set against what is owed")
    return wrong


# --- the whole ----------------------------------------------------------------------------------------


def _compare_ledger(
    ledger: Ledger, clearing: Mapping[str, Decimal], documents: Iterable[BookedDocument], found: Comparison
) -> None:
    if ledger.debits != ledger.credits:
        found.differences.append(f"the trial balance: debits {ledger.debits}, credits {ledger.credits}")
    for account in sorted({*clearing, *ledger.clearing}):
        there, here = clearing.get(account, _NOTHING), ledger.clearing.get(account, _NOTHING)
        if there != here:
            found.differences.append(f"{account}: {there} lies at the gateway, {here} on the account")
    owed = sum((each.owed for each in documents), _NOTHING)
    if owed != ledger.receivable:
        found.differences.append(f"receivables: {owed} by the documents, {ledger.receivable} by the ledger")


def _clearing(gateway: str) -> str:
    return f"{gateway} Clearing"


def _differs(what: str, there: Decimal, here: Decimal) -> str:
    return f"{what} {there} in the store, {here} in QuickBooks"


def _called(document: BookedDocument) -> str:
    return f"{document.kind} {document.number or document.qbo_id}"
