"""A comparison as people read it: documents by kind, sums by component, what is not in the books, and each trouble."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from ledgerport_local.audit import Comparison

_WORDS = {
    "SalesReceipt": "sales receipts",
    "Invoice": "invoices",
    "RefundReceipt": "refund receipts",
    "CreditMemo": "credit memos",
    "Payment": "payments",
    "JournalEntry": "journal entries",
}


def show(found: Comparison, seconds: float, console: Console) -> None:
    """The tables, and each trouble by name."""
    table = Table(title="The store and the books")
    for column in ("", "Shopify", "QuickBooks"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row("orders and refunds", f"{found.orders} and {found.refunds}", "")
    for kind, word in _WORDS.items():
        table.add_row(word, "", str(found.documents[kind]))
    table.add_section()
    for component, (store, books) in found.sums.items():
        table.add_row(component, f"{store:,.2f}", f"{books:,.2f}")
    if found.converted:
        table.add_row("rounding of converted amounts", "", f"{found.converted:,.2f}")
    table.add_section()
    for (status, reason), count in sorted(found.left_out.items()):
        table.add_row(f"{status.replace('_', ' ').capitalize()}: {reason}", "", str(count))
    table.add_section()
    table.add_row("lost", "", str(len(found.missing)))
    table.add_row("duplicates", "", str(len(found.duplicates)))
    table.add_row("differences", "", str(len(found.differences)))
    table.add_row("seconds", "", f"{seconds:.0f}")
    console.print(table)
    for trouble in (*found.missing, *found.duplicates, *found.differences):
        console.print(f"  {trouble}", markup=False)
