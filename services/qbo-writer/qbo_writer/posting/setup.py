"""The accounts, items and the one customer that LedgerPort itself needs in a company, found or made when first needed.

Each has a role, such as `account:shipping`. A role is a record like any other: claimed, sent and settled the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qbo_writer.posting import texts
from qbo_writer.posting.company import Company, Mapped
from qbo_writer.posting.customers import GENERIC_NAME, generic_customer
from qbo_writer.posting.verdicts import Adopt, Document, Key, Needs, Verdict, refuse

SETUP = "setup"
CLEARING = "account:clearing:"


def role(name: str) -> Key:
    return (SETUP, name)


SALES_ACCOUNT = role("account:sales")
SHIPPING_ACCOUNT = role("account:shipping")
DISCOUNTS_ACCOUNT = role("account:discounts")
REFUNDS_ACCOUNT = role("account:refunds")
ROUNDING_ACCOUNT = role("account:rounding")
TAX_ACCOUNT = role("account:tax")
GIFT_CARDS_ACCOUNT = role("account:gift_cards")
TIPS_ACCOUNT = role("account:tips")
DUTIES_ACCOUNT = role("account:duties")
FEES_ACCOUNT = role("account:fees")
MARKETPLACE_TAX_ACCOUNT = role("account:marketplace_tax")
RECEIVABLE_ACCOUNT = role("account:receivable")
SHIPPING_ITEM = role("item:shipping")
DISCOUNT_ITEM = role("item:discount")
REFUND_ITEM = role("item:refund")
ROUNDING_ITEM = role("item:rounding")
TAX_ITEM = role("item:tax")
CUSTOM_ITEM = role("item:custom")
GIFT_CARD_ITEM = role("item:gift_card")
GIFT_CARD_USED_ITEM = role("item:gift_card_used")
STORE_CREDIT_USED_ITEM = role("item:store_credit_used")
TIP_ITEM = role("item:tip")
DUTY_ITEM = role("item:duty")
FEE_ITEM = role("item:fee")
MARKETPLACE_TAX_ITEM = role("item:marketplace_tax")
GUESTS = role("customer:guests")


def guests(currency: str) -> Key:
    """The one customer of guests who are booked in a foreign currency: a customer has one currency for good."""
    return role(f"customer:guests:{currency}")


def clearing(gateway_label: str) -> Key:
    """The clearing account of one gateway: money there that is not paid out yet."""
    return role(f"{CLEARING}{texts.name(gateway_label)[:60]}")


@dataclass(frozen=True, slots=True)
class _Account:
    name: str
    type: str
    subtype: str
    # An account of this subtype that the company has already is as good as our own.
    take_any: bool = False


@dataclass(frozen=True, slots=True)
class _Item:
    name: str
    account: Key


_LIABILITY, _LIABILITIES = "Other Current Liability", "OtherCurrentLiabilities"
_ACCOUNTS: Mapping[Key, _Account] = {
    SALES_ACCOUNT: _Account("Sales of Product Income", "Income", "SalesOfProductIncome", take_any=True),
    SHIPPING_ACCOUNT: _Account("Shipping Income", "Income", "OtherPrimaryIncome"),
    DISCOUNTS_ACCOUNT: _Account("Discounts given", "Income", "DiscountsRefundsGiven", take_any=True),
    REFUNDS_ACCOUNT: _Account("Shopify Refund Adjustments", "Income", "DiscountsRefundsGiven"),
    ROUNDING_ACCOUNT: _Account("Shopify Rounding", "Expense", "OtherMiscellaneousServiceCost"),
    TAX_ACCOUNT: _Account("Shopify Sales Tax Collected", _LIABILITY, _LIABILITIES),
    GIFT_CARDS_ACCOUNT: _Account("Shopify Gift Cards", _LIABILITY, _LIABILITIES),
    TIPS_ACCOUNT: _Account("Shopify Tips", _LIABILITY, _LIABILITIES),
    DUTIES_ACCOUNT: _Account("Shopify Duties Collected", _LIABILITY, _LIABILITIES),
    FEES_ACCOUNT: _Account("Shopify Fees Charged", "Income", "OtherPrimaryIncome"),
    MARKETPLACE_TAX_ACCOUNT: _Account("Shopify Marketplace Tax", _LIABILITY, _LIABILITIES),
    RECEIVABLE_ACCOUNT: _Account(
        "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", take_any=True
    ),
}
_ITEMS: Mapping[Key, _Item] = {
    SHIPPING_ITEM: _Item("Shopify Shipping", SHIPPING_ACCOUNT),
    DISCOUNT_ITEM: _Item("Shopify Discount", DISCOUNTS_ACCOUNT),
    REFUND_ITEM: _Item("Shopify Refund Adjustment", REFUNDS_ACCOUNT),
    ROUNDING_ITEM: _Item("Shopify Rounding", ROUNDING_ACCOUNT),
    TAX_ITEM: _Item("Shopify Sales Tax", TAX_ACCOUNT),
    CUSTOM_ITEM: _Item("Shopify Custom Item", SALES_ACCOUNT),
    GIFT_CARD_ITEM: _Item("Shopify Gift Card", GIFT_CARDS_ACCOUNT),
    GIFT_CARD_USED_ITEM: _Item("Shopify Gift Card Redeemed", GIFT_CARDS_ACCOUNT),
    STORE_CREDIT_USED_ITEM: _Item("Shopify Store Credit Redeemed", GIFT_CARDS_ACCOUNT),
    TIP_ITEM: _Item("Shopify Tip", TIPS_ACCOUNT),
    DUTY_ITEM: _Item("Shopify Duty", DUTIES_ACCOUNT),
    FEE_ITEM: _Item("Shopify Fee", FEES_ACCOUNT),
    MARKETPLACE_TAX_ITEM: _Item("Shopify Marketplace Tax", MARKETPLACE_TAX_ACCOUNT),
}


def setup_document(name: str, company: Company, mapped: Mapped) -> Verdict:
    """What plays this role in the company, or the document that makes it."""
    key = role(name)
    if name.startswith(GUESTS[1]):
        return generic_customer(company, name.removeprefix(GUESTS[1]).lstrip(":"))
    if key in _ITEMS:
        return _item(_ITEMS[key], company, mapped)
    if name.startswith(CLEARING):
        return _account(_Account(f"{name.removeprefix(CLEARING)} Clearing", "Bank", "CashOnHand"), company)
    return _account(_ACCOUNTS[key], company)


def _account(wanted: _Account, company: Company) -> Verdict:
    found = company.names.named("Account", wanted.name)
    if found and found.type == wanted.type:
        return Adopt("Account", found.qbo_id)
    if found:
        return refuse(
            "ACCOUNT_OF_WRONG_TYPE",
            f"The account “{wanted.name}” is of type {found.type}; it must be {wanted.type}.",
            "An account of this name is in the chart of accounts already.",
            "Rename that account in QuickBooks, then retry: LedgerPort makes its own.",
        )
    if wanted.take_any and (others := company.names.accounts(wanted.subtype)):
        return Adopt("Account", others[0].qbo_id)
    body = {"Name": wanted.name, "AccountType": wanted.type, "AccountSubType": wanted.subtype}
    return Document("Account", body)


def _item(wanted: _Item, company: Company, mapped: Mapped) -> Verdict:
    found = company.names.named("Item", wanted.name)
    if found and found.active:
        return Adopt("Item", found.qbo_id)
    if wanted.account not in mapped:
        return Needs((wanted.account,))
    body: dict[str, Any] = {
        "Name": wanted.name,
        "Type": "Service",
        "IncomeAccountRef": {"value": mapped[wanted.account]},
    }
    return Document("Item", body)


def setup_reference(name: str) -> str:
    """How a role is called on a page."""
    key = role(name)
    if key in _ITEMS:
        return f"Item “{_ITEMS[key].name}”"
    if name.startswith(GUESTS[1]):
        return f"Customer “{GENERIC_NAME}”"
    account = f"{name.removeprefix(CLEARING)} Clearing" if name.startswith(CLEARING) else _ACCOUNTS[key].name
    return f"Account “{account}”"
