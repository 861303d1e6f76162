"""What one kind of object is made of: its properties, limits, references, and what can be asked and done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from intuit_sandbox.shapes import (
    CUSTOM_FIELD,
    ID,
    SET_BY_QUICKBOOKS,
    Field,
    Shape,
    boolean,
    date,
    decimal,
    ref,
    rows,
    text,
    words,
)

NAMES = "names"
TRANSACTIONS = "transactions"

ANY_OBJECT = words("AttachableRef CustomField")
IDENTITY: dict[str, Field] = {
    "Id": ID,
    "SyncToken": text(20),
    "sparse": boolean(),
    "domain": SET_BY_QUICKBOOKS,
    "MetaData": SET_BY_QUICKBOOKS,
    "status": SET_BY_QUICKBOOKS,
}
TRANSACTION: dict[str, Field] = {
    **IDENTITY,
    "TxnDate": date(),
    "CurrencyRef": ref(),
    "ExchangeRate": decimal(),
    "PrivateNote": text(4000),
    "CustomField": rows(CUSTOM_FIELD),
}
TRANSACTION_NOISE = words(
    "AttachableRef TxnSubType TxnStatus TxnSource TaxFormType TaxFormNum TransactionLocationType Tag TxnApprovalInfo "
    "RecurDataRef RecurringInfo ProjectRef TotalCostAmount HomeTotalCostAmount"
)
EVERYWHERE = words("Id MetaData.CreateTime MetaData.LastUpdatedTime")
ASK_LISTED = EVERYWHERE | words("Name Active FullyQualifiedName")
ALL_WRITES = words("create update")
REMOVABLE = words("create update delete")


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of object and what the API lets a caller do with it."""

    name: str
    shape: Shape
    sequence: str
    askable: frozenset[str]
    verbs: frozenset[str] = ALL_WRITES
    required: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return self.name.lower()

    @property
    def is_transaction(self) -> bool:
        return self.sequence == TRANSACTIONS

    @property
    def name_field(self) -> str:
        return "DisplayName" if self.sequence in (NAMES, "TaxAgency") else "Name"


def entity(
    name: str,
    fields: Mapping[str, Field],
    noise: str | frozenset[str] = "",
    *,
    sequence: str = "",
    askable: frozenset[str] = ASK_LISTED,
    verbs: frozenset[str] = ALL_WRITES,
    required: str = "",
    fixed: str = "",
) -> Entity:
    tolerated = words(noise) if isinstance(noise, str) else noise
    return Entity(
        name,
        Shape(name, fields, tolerated - fields.keys()),
        sequence or name,
        askable,
        verbs,
        tuple(required.split()),
        tuple(fixed.split()),
    )
