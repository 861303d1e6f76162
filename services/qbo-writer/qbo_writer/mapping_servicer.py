"""The gRPC edge of mappings. The Business is always the caller's own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from ledgerport.events.v1 import record_pb2
from ledgerport.qbo_writer.v1 import mapping_pb2 as pb
from ledgerport.qbo_writer.v1 import mapping_pb2_grpc, sync_config_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import InvalidRequest, NotFound, Refused
from ledgerport_libs.identity import person_of_this_call
from ledgerport_libs.paging import from_token, number_in, page_size, to_token
from ledgerport_libs.rpc import require
from ledgerport_libs.timestamps import timestamp
from qbo_writer import mapping, mapping_csv
from qbo_writer.account_roles import CLEARING_TYPES
from qbo_writer.company_facts import CompanyFacts, company_facts
from qbo_writer.field_problems import FieldProblem, refuse_fields
from qbo_writer.mapping import Mapped, Place
from qbo_writer.mapping_rules import KINDS, Match, Source, as_names, clear_matches, unfit
from qbo_writer.posting.company import Name
from qbo_writer.sync_config_protos import name_to_proto, tax_world_to_proto
from qbo_writer.sync_config_rules import NOT_SOLD

log = telemetry.logger("mapping")
Context = Any
_MOST_FOUND, _MOST_PROPOSED = 20, 200
_KIND_NUMBERS = {kind: pb.MappingKind.Value(f"MAPPING_KIND_{kind.upper()}") for kind in KINDS}
_FILTERS = {pb.MAPPING_FILTER_UNMAPPED: False, pb.MAPPING_FILTER_MAPPED: True}
_LISTS = {
    pb.QUICK_BOOKS_LIST_ITEM: ("Item", None, NOT_SOLD),
    pb.QUICK_BOOKS_LIST_CUSTOMER: ("Customer", None, ()),
    pb.QUICK_BOOKS_LIST_ACCOUNT: ("Account", None, ()),
    pb.QUICK_BOOKS_LIST_CLEARING_ACCOUNT: ("Account", CLEARING_TYPES, ()),
}


class MappingServicer(mapping_pb2_grpc.MappingServiceServicer):
    """`wake` is called when records became pending."""

    def __init__(self, db: Database, wake: Callable[[], None]) -> None:
        self._db, self._wake = db, wake

    async def ListMappings(self, request: pb.ListMappingsRequest, context: Context) -> pb.ListMappingsResponse:
        business_id, kind, size = person_of_this_call().business_id, _kind(request.kind), page_size(request.page_size)
        async with self._db.transaction() as tx:
            rows, after = await mapping.page(
                tx,
                business_id,
                kind,
                mapped=_FILTERS.get(request.filter),
                text=_plain(request.text).strip()[:200],
                after=_place(request.page_token),
                size=size,
            )
            counts = await mapping.counts(tx, business_id, kind)
            company = await company_facts(tx, business_id)
        return pb.ListMappingsResponse(
            mappings=[_mapping(row) for row in rows],
            next_page_token=_token(after) if after else "",
            all=counts.total,
            unmapped=counts.unmapped,
            company_read=company is not None,
            tax_world=tax_world_to_proto(company.tax_world) if company else sync_config_pb2.TAX_WORLD_UNSPECIFIED,
        )

    async def GetMapping(self, request: pb.GetMappingRequest, context: Context) -> pb.GetMappingResponse:
        business_id, kind = person_of_this_call().business_id, _kind(request.kind)
        async with self._db.transaction() as tx:
            row = await _one(tx, business_id, kind, request.source_id)
            company = await company_facts(tx, business_id)
            matches = await _matches(tx, business_id, kind, company, [row.source]) if company and not row.qbo_id else []
        answer = pb.GetMappingResponse(mapping=_mapping(row), company_read=company is not None)
        if matches:
            answer.proposal.CopyFrom(_proposal(matches[0]))
        return answer

    async def SetMapping(self, request: pb.SetMappingRequest, context: Context) -> pb.SetMappingResponse:
        person, kind = person_of_this_call(), _kind(request.kind)
        async with self._db.transaction() as tx:
            await _one(tx, person.business_id, kind, request.source_id)
            company = _read(await company_facts(tx, person.business_id))
            name = await mapping.name_for(tx, person.business_id, kind, _plain(request.quickbooks_id), company)
            sentence = unfit(kind, name)
            if sentence:
                raise InvalidRequest(sentence, say=sentence, reason="CANNOT_STAND_FOR_IT")
            chosen = {request.source_id: request.quickbooks_id}
            await mapping.choose(tx, person.business_id, kind, chosen, person.email)
            row = await _one(tx, person.business_id, kind, request.source_id)
        self._wake()
        return pb.SetMappingResponse(mapping=_mapping(row))

    async def ClearMapping(self, request: pb.ClearMappingRequest, context: Context) -> pb.ClearMappingResponse:
        person, kind = person_of_this_call(), _kind(request.kind)
        async with self._db.transaction() as tx:
            before = await _one(tx, person.business_id, kind, request.source_id)
            if before.by_hand:
                await mapping.choose(tx, person.business_id, kind, {request.source_id: ""}, person.email)
            # A gateway or tax that no order brought is gone with its mapping.
            row = await mapping.one(tx, person.business_id, kind, request.source_id)
        self._wake()
        return pb.ClearMappingResponse(mapping=_mapping(row) if row else None)

    async def CreateInQuickBooks(
        self, request: pb.CreateInQuickBooksRequest, context: Context
    ) -> pb.CreateInQuickBooksResponse:
        person, kind = person_of_this_call(), _kind(request.kind)
        require(kind in mapping.OF_RECORDS, "Only products and customers can be made in QuickBooks from here.")
        async with self._db.transaction() as tx:
            row = await _one(tx, person.business_id, kind, request.source_id)
            if row.qbo_id:
                say = "This is in QuickBooks already. Take its mapping back first to have another one made."
                raise Refused(f"{request.source_id} is mapped", say=say, reason="MAPPED_ALREADY")
            await mapping.want_creation(tx, person.business_id, kind, request.source_id, person.email)
            row = await _one(tx, person.business_id, kind, request.source_id)
        self._wake()
        return pb.CreateInQuickBooksResponse(mapping=_mapping(row))

    async def SearchQuickBooks(
        self, request: pb.SearchQuickBooksRequest, context: Context
    ) -> pb.SearchQuickBooksResponse:
        business_id, text = person_of_this_call().business_id, _plain(request.text).strip()[:200]
        async with self._db.transaction() as tx:
            if request.list == pb.QUICK_BOOKS_LIST_TAX_CODE:
                found = _tax_codes(await company_facts(tx, business_id), text)
            else:
                require(request.list in _LISTS, "Say which list of QuickBooks to look in.")
                list_name, types, not_types = _LISTS[request.list]
                found = await tx.all(
                    "search_names",
                    Name,
                    business_id=business_id,
                    list=list_name,
                    types=list(types) if types else None,
                    not_types=list(not_types),
                    text=text,
                    holds=f"%{mapping.like(text)}%",
                    begins=f"{mapping.like(text)}%",
                    limit=_MOST_FOUND,
                )
        return pb.SearchQuickBooksResponse(found=[_name(name) for name in found])

    async def AutoMap(self, request: pb.AutoMapRequest, context: Context) -> pb.AutoMapResponse:
        business_id, kind = person_of_this_call().business_id, _kind(request.kind)
        async with self._db.transaction() as tx:
            company = _read(await company_facts(tx, business_id))
            unmapped = [row.source async for rows in mapping.every(tx, business_id, kind, mapped=False) for row in rows]
            matches = await _matches(tx, business_id, kind, company, unmapped)
        return pb.AutoMapResponse(
            proposals=[_proposal(match) for match in matches[:_MOST_PROPOSED]],
            unclear=len(unmapped) - len(matches),
            more=len(matches) > _MOST_PROPOSED,
        )

    async def ApplyAutoMap(self, request: pb.ApplyAutoMapRequest, context: Context) -> pb.ApplyAutoMapResponse:
        person, kind = person_of_this_call(), _kind(request.kind)
        require(len(request.choices) <= _MOST_PROPOSED, f"At most {_MOST_PROPOSED} can be mapped at once.")
        chosen, left, problems = dict[str, str](), 0, []
        async with self._db.transaction() as tx:
            await mapping.alone(tx, person.business_id)
            company = _read(await company_facts(tx, person.business_id))
            for choice in request.choices:
                row = await _one(tx, person.business_id, kind, choice.source_id)
                name = await mapping.name_for(tx, person.business_id, kind, _plain(choice.quickbooks_id), company)
                if row.qbo_id:
                    left += 1
                elif sentence := unfit(kind, name):
                    problems.append(FieldProblem(choice.source_id, f"{row.source.name}: {sentence}"))
                else:
                    chosen[choice.source_id] = choice.quickbooks_id
            if chosen and not problems:
                await mapping.choose(tx, person.business_id, kind, chosen, person.email)
        if problems:
            await refuse_fields(
                context, problems, "Nothing was mapped: some of it has changed in QuickBooks meanwhile."
            )
        self._wake()
        return pb.ApplyAutoMapResponse(applied=len(chosen), left=left)

    async def ImportMappings(self, request: pb.ImportMappingsRequest, context: Context) -> pb.ImportMappingsResponse:
        person, kind = person_of_this_call(), _kind(request.kind)
        try:
            lines = mapping_csv.read(request.csv)
        except mapping_csv.NoCsv as trouble:
            raise InvalidRequest(str(trouble), say=str(trouble), reason="NO_CSV") from trouble
        async with self._db.transaction() as tx:
            await mapping.alone(tx, person.business_id)
            company = _read(await company_facts(tx, person.business_id))
            known = {
                row.source.source_id: row.qbo_id
                async for rows in mapping.every(tx, person.business_id, kind)
                for row in rows
            }
            names = await mapping.names_for(tx, person.business_id, kind, company)
            chosen, problems = mapping_csv.chosen(kind, lines, known, names)
            new = {source_id: qbo_id for source_id, qbo_id in chosen.items() if known[source_id] != qbo_id}
            if new and not problems:
                await mapping.choose(tx, person.business_id, kind, new, person.email)
        if problems:
            count = "One line" if len(problems) == 1 else f"{len(problems)} lines"
            await refuse_fields(context, problems, f"Nothing was imported: {count} of the file cannot be taken.")
        self._wake()
        log.info("mappings_imported", business=person.business_id, kind=kind, mapped=len(new), by=person.user_id)
        return pb.ImportMappingsResponse(mapped=len(new), unchanged=len(lines) - len(new))

    async def ExportMappings(
        self, request: pb.ExportMappingsRequest, context: Context
    ) -> AsyncIterator[pb.ExportMappingsResponse]:
        business_id, kind = person_of_this_call().business_id, _kind(request.kind)
        yield pb.ExportMappingsResponse(csv=b"\xef\xbb\xbf" + mapping_csv.written([mapping_csv.COLUMNS]))
        async with self._db.transaction() as tx:
            async for rows in mapping.every(tx, business_id, kind):
                yield pb.ExportMappingsResponse(csv=mapping_csv.written(_cells(row) for row in rows))

    async def ListMappingChanges(
        self, request: pb.ListMappingChangesRequest, context: Context
    ) -> pb.ListMappingChangesResponse:
        business_id, size = person_of_this_call().business_id, page_size(request.page_size)
        kind = _kind(request.kind) if request.kind else None
        before = number_in(request.page_token)
        async with self._db.transaction() as tx:
            found = await mapping.changes(tx, business_id, kind, _plain(request.source_id) or None, before, size + 1)
        return pb.ListMappingChangesResponse(
            changes=[_change(each) for each in found[:size]],
            next_page_token=to_token(str(found[size - 1].number)) if len(found) > size else "",
        )


async def _one(tx: Transaction, business_id: str, kind: str, source_id: str) -> Mapped:
    row = await mapping.one(tx, business_id, kind, _plain(source_id))
    if row is None:
        raise NotFound(f"no {kind} {source_id[:100]}", say="This has not come from your store.")
    return row


async def _matches(
    tx: Transaction, business_id: str, kind: str, company: CompanyFacts, sources: list[Source]
) -> list[Match]:
    return clear_matches(kind, sources, await mapping.names_for(tx, business_id, kind, company)) if sources else []


def _read(company: CompanyFacts | None) -> CompanyFacts:
    if company is None:
        say = "QuickBooks has not been read yet, so nothing of it can be chosen. Connect it, or try again in a minute."
        raise Refused("the company was never read", say=say, reason="COMPANY_NOT_READ")
    return company


def _tax_codes(company: CompanyFacts | None, text: str) -> list[Name]:
    names = as_names(company.sales_tax_codes()) if company else []
    wanted = text.casefold()
    return [name for name in names if wanted in name.name.casefold() or wanted in name.sku][:_MOST_FOUND]


def _kind(number: pb.MappingKind.ValueType) -> str:
    require(number and number in pb.MappingKind.values(), "Say which kind of mapping is meant.")
    return pb.MappingKind.Name(number).removeprefix("MAPPING_KIND_").lower()


def _plain(text: str) -> str:
    """InvalidRequest for what no database keeps."""
    require("\0" not in text, "This text holds characters that cannot be kept.")
    return text


def _token(place: Place) -> str:
    return to_token(json.dumps([place.key, place.source_id]))


def _place(token: str) -> Place | None:
    if not token:
        return None
    try:
        key, source_id = json.loads(from_token(token))
    except (ValueError, TypeError) as error:
        raise InvalidRequest("bad page token", say="This page does not exist.") from error
    require(isinstance(key, str) and isinstance(source_id, str), "This page does not exist.")
    require("\0" not in key + source_id, "This page does not exist.")
    return Place(key, source_id)


def _mapping(row: Mapped) -> pb.Mapping:
    state = pb.MAPPING_STATE_UNMAPPED
    if row.qbo_id:
        state = pb.MAPPING_STATE_MANUAL if row.by_hand else pb.MAPPING_STATE_AUTOMATIC
    made = pb.Mapping(
        kind=_KIND_NUMBERS[row.kind],
        source_id=row.source.source_id,
        name=row.source.name,
        detail=row.source.detail,
        state=state,
        problem=row.problem,
        mapped_by=row.mapped_by,
        mapped_at=timestamp(row.mapped_at),
        record_id=row.record_id,
        record_sentence=row.sentence,
        create_wanted=row.create_wanted,
    )
    if row.status:
        made.record_status = record_pb2.RecordStatus.Value(f"RECORD_STATUS_{row.status.upper()}")
    if row.qbo_id:
        made.quickbooks.CopyFrom(_name(row.name) if row.name else sync_config_pb2.QuickBooksName(id=row.qbo_id))
    return made


def _name(name: Name) -> sync_config_pb2.QuickBooksName:
    made = name_to_proto(name)
    if name.list == "TaxCode":
        made.detail = name.sku
    return made


def _proposal(match: Match) -> pb.Proposal:
    source = match.source
    return pb.Proposal(
        source_id=source.source_id,
        name=source.name,
        detail=source.detail,
        quickbooks=_name(match.name),
        because=match.because,
    )


def _change(row: mapping.Change) -> pb.MappingChange:
    return pb.MappingChange(
        kind=_KIND_NUMBERS[row.kind],
        source_id=row.source_id,
        name=row.name,
        before=row.before_name,
        after=row.after_name,
        changed_by=row.changed_by,
        changed_at=timestamp(row.changed_at),
    )


def _cells(row: Mapped) -> list[str]:
    chosen_by = row.mapped_by if row.by_hand else ("LedgerPort" if row.qbo_id else "")
    name = row.name.name if row.name else ""
    return [row.source.source_id, row.source.name, row.source.detail, row.qbo_id, name, chosen_by]
