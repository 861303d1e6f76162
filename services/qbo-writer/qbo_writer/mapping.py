"""Mappings as they are kept: what a person chose, beside what was matched; each change with its trail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from google.protobuf.message import DecodeError

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.database import Transaction
from qbo_writer.company_facts import CompanyFacts, company_facts
from qbo_writer.mapping_rules import CUSTOMER, GATEWAY, LIST_OF, PRODUCT, TAX, Source, as_names, unfit
from qbo_writer.posting.company import Name
from qbo_writer.posting.setup import clearing
from qbo_writer.sync_config import reconsider

OF_RECORDS = (PRODUCT, CUSTOMER)
# What a mapping of each kind may free.
_FREED = {
    PRODUCT: ("PRODUCT_NOT_MAPPED", "DUPLICATE_NAME", "WAITS_FOR_MAPPING"),
    CUSTOMER: ("CUSTOMER_NOT_MAPPED", "DUPLICATE_NAME", "WAITS_FOR_MAPPING"),
    GATEWAY: ("ACCOUNT_OF_WRONG_TYPE", "NO_ACCOUNT", "WAITS_FOR_MAPPING"),
    TAX: ("TAX_CODE_NOT_MAPPED", "WAITS_FOR_MAPPING"),
}
# How many rows are looked at in one go, and at most for one page of a search.
_STEP, _MOST_LOOKED_AT = 500, 50_000


@dataclass(frozen=True, slots=True)
class Mapped:
    """A thing of the store's with what stands for it. `qbo_id` is empty where nothing does."""

    kind: str
    source: Source
    qbo_id: str
    name: Name | None
    by_hand: bool
    mapped_by: str
    mapped_at: datetime | None
    problem: str = ""
    record_id: str = ""
    status: str = ""
    sentence: str = ""
    create_wanted: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """After which row the next page begins."""

    key: str
    source_id: str


@dataclass(frozen=True, slots=True)
class Counts:
    total: int
    unmapped: int


@dataclass(frozen=True, slots=True)
class Change:
    number: int
    kind: str
    source_id: str
    name: str
    before_id: str
    after_id: str
    before_name: str
    after_name: str
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class _Row:
    business_id: str
    kind: str
    record_id: UUID
    source_id: str
    name: str
    key: str
    payload: bytes = field(repr=False)
    status: str
    sentence: str
    qbo_id: str
    by_hand: bool
    qbo_name: str
    qbo_active: bool
    qbo_email: str
    qbo_sku: str
    qbo_type: str
    qbo_known: bool
    mapped_by: str
    mapped_at: datetime | None
    create_wanted: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    source_id: str
    qbo_id: str
    mapped_by: str
    mapped_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Setup:
    source_id: str
    qbo_id: str


async def page(
    tx: Transaction,
    business_id: str,
    kind: str,
    *,
    mapped: bool | None = None,
    text: str = "",
    after: Place | None = None,
    size: int,
) -> tuple[list[Mapped], Place | None]:
    """Rows by name, and where the next page begins."""
    if kind not in OF_RECORDS:
        return await _small_page(tx, business_id, kind, mapped, text, after, size)
    found: list[Mapped] = []
    for _ in range(_MOST_LOOKED_AT // _STEP):
        limit = max(_STEP, size + 1) if text else size + 1
        rows = await _rows(tx, business_id, kind, mapped=mapped, text=text, after=after, limit=limit)
        for row in rows:
            if _says(row, text):
                if len(found) == size:
                    return found, _place(found[-1])
                found.append(row)
            after = _place(row)
        if len(rows) < limit:
            return found, None
    return found, after


async def every(
    tx: Transaction, business_id: str, kind: str, *, mapped: bool | None = None
) -> AsyncIterator[list[Mapped]]:
    """All rows by name, some hundred at a time."""
    after: Place | None = None
    while True:
        rows, after = await page(tx, business_id, kind, mapped=mapped, after=after, size=_STEP)
        yield rows
        if after is None:
            return


async def one(tx: Transaction, business_id: str, kind: str, source_id: str) -> Mapped | None:
    """None for what has not come from the store of this Business."""
    if kind in OF_RECORDS:
        row = await tx.one("mapping_row", _Row, business_id=business_id, kind=kind, source_id=source_id)
        return _of_record(kind, row) if row else None
    return next((row for row in await _seen(tx, business_id, kind) if row.source.source_id == source_id), None)


async def counts(tx: Transaction, business_id: str, kind: str) -> Counts:
    if kind in OF_RECORDS:
        return await tx.one("mapping_counts", Counts, business_id=business_id, kind=kind) or Counts(0, 0)
    rows = await _seen(tx, business_id, kind)
    return Counts(len(rows), sum(not row.qbo_id for row in rows))


async def names_for(tx: Transaction, business_id: str, kind: str, company: CompanyFacts) -> list[Name]:
    """Every name of the company that could stand for something of this kind."""
    if kind == TAX:
        return as_names(company.sales_tax_codes())
    return await tx.all("names_of_lists", Name, business_id=business_id, lists=[LIST_OF[kind]])


async def name_for(tx: Transaction, business_id: str, kind: str, qbo_id: str, company: CompanyFacts) -> Name | None:
    if kind == TAX:
        return next((name for name in as_names(company.sales_tax_codes()) if name.qbo_id == qbo_id), None)
    return await tx.one("name_of", Name, business_id=business_id, list=LIST_OF[kind], qbo_id=qbo_id)


async def alone(tx: Transaction, business_id: str) -> None:
    """From here to the end of the transaction nobody else changes settings or mappings of this Business."""
    await tx.run("settings_changed", business_id=business_id)


async def choose(tx: Transaction, business_id: str, kind: str, chosen: Mapping[str, str], by: str) -> None:
    """Source id → Id in QuickBooks; an empty one takes the choice back. Whoever calls has looked that each fits."""
    await alone(tx, business_id)
    told = {"business_id": business_id, "kind": kind, "source_ids": list(chosen), "qbo_ids": list(chosen.values())}
    await tx.run("mapping_changes_add", **told, by=by)
    await tx.run("mappings_put", **told, by=by)
    if taken_back := [source_id for source_id, qbo_id in chosen.items() if not qbo_id]:
        await tx.run("mappings_drop", business_id=business_id, kind=kind, source_ids=taken_back)
    await tx.run("creations_unwant", **told)
    await _try_again(tx, business_id, kind, list(chosen))


async def want_creation(tx: Transaction, business_id: str, kind: str, source_id: str, by: str) -> None:
    """Permission to make this one in QuickBooks, whatever the settings say of its kind."""
    await alone(tx, business_id)
    await tx.run("create_want", business_id=business_id, kind=kind, source_id=source_id, wanted_by=by)
    await _try_again(tx, business_id, kind, [source_id])


async def changes(
    tx: Transaction, business_id: str, kind: str | None, source_id: str | None, before: int | None, limit: int
) -> list[Change]:
    """Newest first."""
    return await tx.all(
        "mapping_changes",
        Change,
        business_id=business_id,
        kind=kind,
        source_id=source_id,
        before=before,
        limit=limit,
    )


async def _try_again(tx: Transaction, business_id: str, kind: str, source_ids: Sequence[str]) -> None:
    if kind in OF_RECORDS:
        await tx.run("try_again", business_id=business_id, kind=kind, source_ids=list(source_ids))
    await reconsider(tx, business_id, _FREED[kind], ())


async def _rows(
    tx: Transaction,
    business_id: str,
    kind: str,
    *,
    limit: int,
    mapped: bool | None = None,
    text: str = "",
    after: Place | None = None,
) -> list[Mapped]:
    rows = await tx.all(
        "mapping_rows",
        _Row,
        business_id=business_id,
        kind=kind,
        mapped=mapped,
        text=f"%{like(text)}%" if text else None,
        # Every place is after the empty one: a plan that is made once uses the index for all pages.
        after=after.key if after else "",
        after_id=after.source_id if after else "",
        limit=limit,
    )
    return [_of_record(kind, row) for row in rows]


def like(text: str) -> str:
    """A text inside of a LIKE pattern that stands for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _of_record(kind: str, row: _Row) -> Mapped:
    name = None
    if row.qbo_known:
        name = Name(LIST_OF[kind], row.qbo_id, row.qbo_name, row.qbo_active, row.qbo_email, row.qbo_sku, row.qbo_type)
    return Mapped(
        kind=kind,
        source=Source(row.source_id, row.name, _detail(kind, row.payload)),
        qbo_id=row.qbo_id,
        name=name,
        by_hand=row.by_hand,
        mapped_by=row.mapped_by,
        mapped_at=row.mapped_at,
        problem=unfit(kind, name) if row.qbo_id else "",
        record_id=str(row.record_id),
        status=row.status,
        sentence=row.sentence,
        create_wanted=row.create_wanted,
        key=row.key,
    )


def _detail(kind: str, payload: bytes) -> str:
    """A variant's SKU, a customer's e-mail address."""
    try:
        entity = entity_pb2.EntityEvent.FromString(payload)
    except DecodeError:
        return ""
    return entity.variant.sku if kind == PRODUCT else entity.customer.email


async def _seen(tx: Transaction, business_id: str, kind: str) -> list[Mapped]:
    """All gateways or taxes: there are never many."""
    company = await company_facts(tx, business_id)
    made: dict[str, str] = {}
    if kind == GATEWAY:
        found = await tx.all("setup_documents", _Setup, business_id=business_id)
        made = {each.source_id: each.qbo_id for each in found}
    names = {name.qbo_id: name for name in await names_for(tx, business_id, kind, company)} if company else {}
    rows = []
    for row in await tx.all(f"{kind}_rows", _Seen, business_id=business_id):
        qbo_id = row.qbo_id or made.get(clearing(row.source_id)[1], "")
        name = names.get(qbo_id)
        rows.append(
            Mapped(
                kind=kind,
                source=Source(row.source_id, row.source_id),
                qbo_id=qbo_id,
                name=name,
                by_hand=bool(row.qbo_id),
                mapped_by=row.mapped_by,
                mapped_at=row.mapped_at,
                problem=unfit(kind, name) if qbo_id and company else "",
                key=row.source_id.lower(),
            )
        )
    return sorted(rows, key=lambda row: (row.key, row.source.source_id))


async def _small_page(
    tx: Transaction, business_id: str, kind: str, mapped: bool | None, text: str, after: Place | None, size: int
) -> tuple[list[Mapped], Place | None]:
    begins = (after.key, after.source_id) if after else ("", "")
    rows = [
        row
        for row in await _seen(tx, business_id, kind)
        if (mapped is None or bool(row.qbo_id) == mapped)
        and _says(row, text)
        and (row.key, row.source.source_id) > begins
    ]
    return rows[:size], _place(rows[size - 1]) if len(rows) > size else None


def _says(row: Mapped, text: str) -> bool:
    wanted = text.casefold()
    told = (row.source.name, row.source.detail, row.source.source_id, row.name.name if row.name else "")
    return not wanted or any(wanted in each.casefold() for each in told)


def _place(row: Mapped) -> Place:
    return Place(row.key, row.source.source_id)
