"""The parts that accounts of the company can play: of which type each must be, and which account is proposed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qbo_writer.posting.company import Name
from qbo_writer.posting.setup import setup_reference

INCOME, EXPENSE, OTHER_EXPENSE = "Income", "Expense", "Other Expense"
LIABILITY, RECEIVABLE = "Other Current Liability", "Accounts Receivable"
CLEARING_TYPES = ("Bank", "Other Current Asset")
# Accounts that QuickBooks keeps by itself: what else is booked there makes its tax returns wrong.
KEPT_BY_QUICKBOOKS = ("GlobalTaxPayable", "SalesTaxPayable", "GlobalTaxSuspense", "UnappliedCashPaymentIncome")


@dataclass(frozen=True, slots=True)
class AccountRole:
    """One part. `subtype` and `pattern` are how a fitting account of the chart is known; both must fit if both are."""

    label: str
    types: tuple[str, ...]
    subtype: str = ""
    pattern: str = ""
    only_one: bool = False


ROLES: Mapping[str, AccountRole] = {
    "sales": AccountRole("Sales", (INCOME,), subtype="SalesOfProductIncome"),
    "shipping": AccountRole("Shipping", (INCOME,), pattern=r"shipping|delivery|freight|postage"),
    "discounts": AccountRole("Discounts", (INCOME,), subtype="DiscountsRefundsGiven", pattern=r"discount"),
    "refunds": AccountRole("Refunds", (INCOME, EXPENSE), pattern=r"refund|returns"),
    "gift_cards": AccountRole("Gift cards", (LIABILITY,), pattern=r"gift ?(card|certificate|voucher)"),
    "tips": AccountRole("Tips", (LIABILITY, INCOME), pattern=r"\btips?\b|gratuit"),
    "duties": AccountRole("Duties", (LIABILITY,), pattern=r"\bdut(y|ies)\b|customs|import tax"),
    "fees": AccountRole("Fees charged to buyers", (INCOME,), pattern=r"\b(order|service|handling|additional) fees?\b"),
    "marketplace_tax": AccountRole("Marketplace tax", (LIABILITY,), pattern=r"marketplace"),
    "tax": AccountRole("Sales tax as a line", (LIABILITY,), pattern=r"(sales )?tax (collected|payable|liability)"),
    "rounding": AccountRole("Rounding", (EXPENSE, OTHER_EXPENSE, INCOME), pattern=r"round(ing|-?off)"),
    "receivable": AccountRole("Receivables", (RECEIVABLE,), subtype="AccountsReceivable", only_one=True),
}


def own_name(role: str) -> str:
    """How the account is called that LedgerPort takes or makes where none is chosen."""
    return setup_reference(f"account:{role}").removeprefix("Account ").strip("“”")


def fitting(role: str, accounts: Sequence[Name]) -> list[Name]:
    """The active accounts that can play this part, in their own order."""
    return [account for account in accounts if not unfit(role, account)]


def unfit(role: str, account: Name) -> str:
    """Why this account cannot play this part, in a sentence; empty where it can."""
    return unfit_account(account, ROLES[role].label, ROLES[role].types)


def unfit_account(account: Name, part: str, types: Sequence[str]) -> str:
    """The same for any part that needs an account of one of these types."""
    if not account.active:
        return f"The account “{account.name}” is inactive in QuickBooks. Choose another one, or make it active there."
    if account.type not in types:
        return f"The account “{account.name}” is of type {account.type}; {part} needs {listed(types)}."
    if account.subtype in KEPT_BY_QUICKBOOKS:
        return f"QuickBooks keeps the account “{account.name}” by itself. Choose another one for {part}."
    return ""


def proposed(role: str, accounts: Sequence[Name], discount_account: str = "") -> Name | None:
    """The one account that clearly plays this part in the company's chart; None where none does."""
    wanted = ROLES[role]
    candidates = fitting(role, accounts)
    if role == "discounts":
        own = [account for account in candidates if account.qbo_id == discount_account]
        if own:
            return own[0]
    found = [
        account
        for account in candidates
        if (not wanted.subtype or account.subtype == wanted.subtype)
        and (not wanted.pattern or re.search(wanted.pattern, account.name, re.IGNORECASE))
    ]
    if wanted.only_one and len(found) != 1:
        return None
    return min(found, key=lambda account: (len(account.qbo_id), account.qbo_id), default=None)


def listed(words: Sequence[str]) -> str:
    """Bank or Other Current Asset."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
