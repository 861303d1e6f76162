"""Decisions and facts of the company as protobuf, and back. Words of an enum are those of posting, with its prefix."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from google.protobuf.descriptor import EnumDescriptor

from ledgerport.qbo_writer.v1 import sync_config_pb2 as pb
from ledgerport_libs.timestamps import timestamp
from qbo_writer.company_facts import CompanyFacts
from qbo_writer.field_problems import FieldProblem
from qbo_writer.posting import config as posting
from qbo_writer.posting.company import Name, TaxWorld
from qbo_writer.sync_config import Decisions

# A field with one choice: its type at posting, its enum here, and the prefix of the enum's words.
_CHOICES: dict[str, tuple[type[StrEnum], EnumDescriptor, str]] = {
    "posting_date": (posting.PostingDate, pb.PostingDate.DESCRIPTOR, "POSTING_DATE_"),
    "method": (posting.Method, pb.SyncMethod.DESCRIPTOR, "SYNC_METHOD_"),
    "numbers": (posting.Numbers, pb.DocumentNumbers.DESCRIPTOR, "DOCUMENT_NUMBERS_"),
    "closed_period": (posting.ClosedPeriod, pb.ClosedPeriodPolicy.DESCRIPTOR, "CLOSED_PERIOD_POLICY_"),
    "discounts": (posting.Discounts, pb.DiscountPolicy.DESCRIPTOR, "DISCOUNT_POLICY_"),
    "zero_orders": (posting.ZeroOrders, pb.ZeroOrderPolicy.DESCRIPTOR, "ZERO_ORDER_POLICY_"),
    "customers": (posting.Customers, pb.CustomerPolicy.DESCRIPTOR, "CUSTOMER_POLICY_"),
    "unmapped_products": (posting.UnmappedProducts, pb.UnmappedProductPolicy.DESCRIPTOR, "UNMAPPED_PRODUCT_POLICY_"),
    "tax_fallback": (posting.TaxFallback, pb.TaxFallbackPolicy.DESCRIPTOR, "TAX_FALLBACK_POLICY_"),
}
# A field with any number of them. Posting writes entities small, and Shopify's statuses as Shopify does.
_SETS: dict[str, tuple[EnumDescriptor, str, bool]] = {
    "entities": (pb.SyncedEntity.DESCRIPTOR, "SYNCED_ENTITY_", True),
    "payment_triggers": (pb.PaymentTrigger.DESCRIPTOR, "PAYMENT_TRIGGER_", False),
    "fulfillment_triggers": (pb.FulfillmentTrigger.DESCRIPTOR, "FULFILLMENT_TRIGGER_", False),
}
_TEXTS = ("start_date", "number_prefix", "customer_memo", "class_id", "location_id", "fallback_item_id")
_SWITCHES = ("auto_sync", "presentment_currency")
_ROLE = "ACCOUNT_ROLE_"


def config_to_proto(decisions: Decisions) -> pb.SyncConfig:
    config, made = decisions.config, pb.SyncConfig()
    for name, (_, enum, prefix) in _CHOICES.items():
        setattr(made, name, _number(enum, prefix + getattr(config, name).value.upper()))
    for name, (enum, prefix, _) in _SETS.items():
        numbers = sorted(_number(enum, prefix + word.upper()) for word in getattr(config, name))
        getattr(made, name).extend(numbers)
    for name in (*_TEXTS, *_SWITCHES):
        setattr(made, name, getattr(config, name))
    for role, account_id in decisions.accounts.items():
        made.accounts.add(role=role_to_proto(role), account_id=account_id)
    return made


def config_from_proto(sent: pb.SyncConfig) -> tuple[Decisions, list[FieldProblem]]:
    """The decisions, and a problem for each choice that was not made or that we do not know."""
    told: dict[str, Any] = {name: getattr(sent, name) for name in _SWITCHES}
    told |= {name: getattr(sent, name).strip() if name != "number_prefix" else sent.number_prefix for name in _TEXTS}
    problems = []
    for name, (kind, enum, prefix) in _CHOICES.items():
        if (word := _word(enum, prefix, getattr(sent, name))) is None:
            problems.append(FieldProblem(name, "Choose one of the possibilities."))
        else:
            told[name] = kind(word.lower())
    for name, (enum, prefix, small) in _SETS.items():
        words = [_word(enum, prefix, number) for number in getattr(sent, name)]
        if None in words:
            problems.append(FieldProblem(name, "Choose from the possibilities."))
        told[name] = frozenset(word.lower() if small else word for word in words if word)
    accounts = {}
    for each in sent.accounts:
        role = _word(pb.AccountRole.DESCRIPTOR, _ROLE, each.role)
        if role is None or role.lower() in accounts:
            problems.append(FieldProblem("accounts", "Each account needs a part of its own."))
        elif each.account_id.strip():
            accounts[role.lower()] = each.account_id.strip()
    return Decisions(posting.SyncConfig(**told), accounts), problems


def role_to_proto(role: str) -> pb.AccountRole.ValueType:
    return pb.AccountRole.Value(_ROLE + role.upper())


def tax_world_to_proto(world: TaxWorld) -> pb.TaxWorld.ValueType:
    return pb.TaxWorld.Value(f"TAX_WORLD_{world.value.upper()}")


def company_to_proto(company: CompanyFacts) -> pb.CompanyFacts:
    return pb.CompanyFacts(
        realm_id=company.realm_id,
        name=company.name,
        country=company.country,
        home_currency=company.home_currency,
        tax_world=tax_world_to_proto(company.tax_world),
        custom_numbers=company.custom_numbers,
        multicurrency=company.multicurrency,
        closed_until=company.closed_until,
        class_tracking=company.class_tracking,
        location_tracking=company.location_tracking,
        read_at=timestamp(company.read_at),
    )


def name_to_proto(name: Name) -> pb.QuickBooksName:
    """A row with what tells it from others of its name."""
    detail = {"Item": name.sku or name.type, "Customer": name.email, "Account": name.type}.get(name.list, "")
    return pb.QuickBooksName(id=name.qbo_id, name=name.name, detail=detail)


def problems_to_proto(problems: Sequence[FieldProblem]) -> list[pb.FieldProblem]:
    return [pb.FieldProblem(field=each.field, sentence=each.sentence) for each in problems]


def _word(enum: EnumDescriptor, prefix: str, number: int) -> str | None:
    """Without its prefix; None for unspecified and for numbers of a later version."""
    known = enum.values_by_number.get(number) if number else None
    return str(known.name).removeprefix(prefix) if known else None


def _number(enum: EnumDescriptor, name: str) -> int:
    return int(enum.values_by_name[name].number)
