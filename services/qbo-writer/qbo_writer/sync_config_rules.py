"""What a Sync Config must keep, said in sentences, all at once; and what changed between two of them. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date
from enum import StrEnum

from qbo_writer.account_roles import ROLES, own_name, unfit
from qbo_writer.company_facts import ACCOUNT, CLASS, LOCATION, CompanyFacts
from qbo_writer.field_problems import FieldProblem
from qbo_writer.posting.company import Name
from qbo_writer.posting.config import (
    ENTITIES,
    FULFILLMENT_STATUSES,
    PAYMENT_STATUSES,
    SyncConfig,
    UnmappedProducts,
)
from qbo_writer.sync_config import Decisions

LONGEST_PREFIX = 8
# Intuit: CustomerMemo takes 1000 characters.
LONGEST_MEMO = 1000
NOT_SOLD = ("Category", "Group")
_UNREAD = "QuickBooks has not been read yet, so nothing of it can be chosen. Connect it, or try again in a minute."


def problems(decisions: Decisions, company: CompanyFacts | None, fallback: Name | None) -> list[FieldProblem]:
    """Everything that cannot stand, field by field. `fallback` is the chosen item, where the company has it."""
    config = decisions.config
    return [
        *_of_days(config),
        *_of_triggers(config),
        *_of_texts(config),
        *_of_tracking(config, company),
        *_of_fallback(config, company, fallback),
        *_of_currency(config, company),
        *_of_accounts(decisions.accounts, company),
    ]


def _of_days(config: SyncConfig) -> Iterator[FieldProblem]:
    if not config.start_date:
        return
    try:
        exact = date.fromisoformat(config.start_date).isoformat() == config.start_date
    except ValueError:
        exact = False
    if not exact:
        yield FieldProblem("start_date", "This is no day. Write it as 2026-01-31, or leave it empty for all orders.")
    elif config.start_date < "2000-01-01":
        yield FieldProblem("start_date", "A store has no orders from before 2000. Choose a later day, or none.")


def _of_triggers(config: SyncConfig) -> Iterator[FieldProblem]:
    for name, known, what in (
        ("payment_triggers", PAYMENT_STATUSES, "payment"),
        ("fulfillment_triggers", FULFILLMENT_STATUSES, "fulfilment"),
    ):
        chosen = getattr(config, name)
        if not chosen:
            yield FieldProblem(
                name, f"Tick at least one {what} status. Without one no order would ever sync by itself."
            )
        elif not chosen <= set(known):
            yield FieldProblem(name, f"There is no {what} status {min(chosen - set(known))}.")
    if not config.entities <= set(ENTITIES):
        yield FieldProblem("entities", f"There is no {min(config.entities - set(ENTITIES))} to sync.")


def _of_texts(config: SyncConfig) -> Iterator[FieldProblem]:
    prefix, memo = config.number_prefix, config.customer_memo
    if len(prefix) > LONGEST_PREFIX:
        yield FieldProblem("number_prefix", f"The prefix has {len(prefix)} characters; at most {LONGEST_PREFIX} fit.")
    if prefix != prefix.strip():
        yield FieldProblem("number_prefix", "The prefix begins or ends with a blank, which nobody would see.")
    if _unprintable(prefix):
        yield FieldProblem("number_prefix", "The prefix holds a character that cannot be printed.")
    if len(memo) > LONGEST_MEMO:
        yield FieldProblem("customer_memo", f"The memo has {len(memo)} characters; QuickBooks takes {LONGEST_MEMO}.")
    if _unprintable(memo.replace("\r", "").replace("\n", "")):
        yield FieldProblem("customer_memo", "The memo holds a character that cannot be printed.")


def _of_tracking(config: SyncConfig, company: CompanyFacts | None) -> Iterator[FieldProblem]:
    for name, list_name, word, on in (
        ("class_id", CLASS, "class", company is not None and company.class_tracking),
        ("location_id", LOCATION, "location", company is not None and company.location_tracking),
    ):
        chosen = getattr(config, name)
        if not chosen:
            continue
        found = company.find(list_name, chosen) if company else None
        if company is None:
            yield FieldProblem(name, _UNREAD)
        elif not on:
            yield FieldProblem(
                name,
                f"{word.capitalize()} tracking is off in QuickBooks, so no {word} can be set. Choose none, "
                "or switch it on in QuickBooks under Account and settings › Advanced.",
            )
        elif found is None:
            yield FieldProblem(name, f"This {word} is not in QuickBooks any longer. Choose another one, or none.")
        elif not found.active:
            yield FieldProblem(
                name, f"The {word} “{found.name}” is inactive in QuickBooks. Choose another one, or none."
            )


def _of_fallback(config: SyncConfig, company: CompanyFacts | None, found: Name | None) -> Iterator[FieldProblem]:
    needed = config.unmapped_products is UnmappedProducts.FALLBACK
    if not config.fallback_item_id:
        if needed:
            sentence = "Choose the item that products without a match are booked on."
            yield FieldProblem("fallback_item_id", sentence)
    elif company is None:
        yield FieldProblem("fallback_item_id", _UNREAD)
    elif found is None:
        yield FieldProblem("fallback_item_id", "This item is not in QuickBooks any longer. Choose another one.")
    elif not found.active:
        yield FieldProblem(
            "fallback_item_id", f"The item “{found.name}” is inactive in QuickBooks. Choose another one."
        )
    elif found.type in NOT_SOLD:
        yield FieldProblem(
            "fallback_item_id",
            f"“{found.name}” is a {_kind_of_item(found)}, which cannot be sold by itself. Choose a product or service.",
        )


def _of_currency(config: SyncConfig, company: CompanyFacts | None) -> Iterator[FieldProblem]:
    if not config.presentment_currency:
        return
    if company is None:
        yield FieldProblem("presentment_currency", _UNREAD)
    elif not company.multicurrency:
        yield FieldProblem(
            "presentment_currency",
            f"The company keeps its books in {company.home_currency} only. Switch multicurrency on in QuickBooks "
            "first; it cannot be switched off again there.",
        )


def _of_accounts(accounts: Mapping[str, str], company: CompanyFacts | None) -> Iterator[FieldProblem]:
    for role, account_id in accounts.items():
        name = f"accounts.{role}"
        if role not in ROLES:
            yield FieldProblem(name, f"No account plays the part “{role}”.")
        elif company is None:
            yield FieldProblem(name, _UNREAD)
        elif (account := company.find(ACCOUNT, account_id)) is None:
            sentence = (
                f"The account chosen for {ROLES[role].label} is not in QuickBooks any longer. Choose another one."
            )
            yield FieldProblem(name, sentence)
        elif sentence := unfit(role, account):
            yield FieldProblem(name, sentence)


def _kind_of_item(item: Name) -> str:
    return {"Category": "category", "Group": "bundle"}.get(item.type, item.type)


def _unprintable(text: str) -> bool:
    return any(unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for char in text)


_LABELS = {
    "auto_sync": "Auto-Sync",
    "entities": "What is synced",
    "start_date": "Start date",
    "posting_date": "Posting date",
    "method": "Sync method",
    "payment_triggers": "Payment triggers",
    "fulfillment_triggers": "Fulfilment triggers",
    "numbers": "Document numbers",
    "number_prefix": "Number prefix",
    "closed_period": "Closed period",
    "customer_memo": "Memo",
    "class_id": "Class",
    "location_id": "Location",
    "discounts": "Discounts",
    "zero_orders": "Orders of zero",
    "customers": "Customers",
    "unmapped_products": "Products without a match",
    "fallback_item_id": "Fallback item",
    "tax_fallback": "Where QuickBooks changes the tax",
    "presentment_currency": "Buyer's currency",
}


def changes(before: Decisions, after: Decisions, names: Mapping[tuple[str, str], str]) -> list[str]:
    """What became different, a sentence a setting. `names`: how the company calls (list, id)."""
    told = [
        f"{_LABELS.get(each.name, each.name)}: {_said(old, each.name, names)} → {_said(new, each.name, names)}"
        for each in fields(SyncConfig)
        if each.name != "version"
        and (old := getattr(before.config, each.name)) != (new := getattr(after.config, each.name))
    ]
    for role, wanted in ROLES.items():
        old_id, new_id = before.accounts.get(role, ""), after.accounts.get(role, "")
        if old_id != new_id:
            told.append(
                f"Account for {wanted.label}: {_account(role, old_id, names)} → {_account(role, new_id, names)}"
            )
    return told


def _account(role: str, account_id: str, names: Mapping[tuple[str, str], str]) -> str:
    return f"“{names.get((ACCOUNT, account_id), account_id)}”" if account_id else f"LedgerPort's own “{own_name(role)}”"


def _said(value: object, name: str, names: Mapping[tuple[str, str], str]) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, frozenset):
        return ", ".join(_plain(each) for each in sorted(value)) or "nothing"
    if isinstance(value, StrEnum):
        return _plain(value.value)
    lists = {"class_id": CLASS, "location_id": LOCATION, "fallback_item_id": "Item"}
    text = str(value)
    if name in lists and text:
        return f"“{names.get((lists[name], text), text)}”"
    return f"“{text}”" if text else "none"


def _plain(word: str) -> str:
    return word.replace("_", " ").lower()
