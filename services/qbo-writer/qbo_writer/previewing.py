"""What delivery would write for a record, by the same rules and from the same knowledge: nothing is sent."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.database import Database
from ledgerport_libs.errors import NotFound, Refused
from qbo_writer.company_books import CompanyBooks
from qbo_writer.intake import record_id
from qbo_writer.ledger_rows import Runnable, posted_of
from qbo_writer.posting import setup
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.company import Company, Name
from qbo_writer.posting.entries import Entry, entries
from qbo_writer.posting.plan import Subject, plan
from qbo_writer.posting.posted import Posted, PostedDocument
from qbo_writer.posting.verdicts import Adopt, Booked, Document, Key, Needs, Problem, Status, Verdict, hold
from qbo_writer.sync_config import Settings, load_settings
from qbo_writer.waiting import buyer_in_currency

_MOST_DOCUMENTS = 40


@dataclass(frozen=True, slots=True)
class Previewed:
    """One write as it would go out. `exact`: every Id in it is known already."""

    document: Document
    body: bytes
    exact: bool
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Preview:
    documents: list[Previewed]
    outcome: Problem | None


async def preview(db: Database, books: CompanyBooks, business_id: str, wanted: UUID, *, pushed: bool) -> Preview:
    """As it would go now, or as if somebody pushed it now.

    NotFound for a record of nobody's or somebody else's; Refused where the company was never read.
    """
    record = await db.one("record_to_preview", Runnable, business_id=business_id, record_id=wanted)
    if record is None:
        raise NotFound(f"no record {wanted}")
    record = replace(record, pushed=record.pushed or pushed)
    company = await books.known(business_id)
    if company is None:
        raise Refused(
            "the company was not read",
            say="Connect QuickBooks first: nothing is known of its books.",
            reason="NOT_CONNECTED",
        )
    rehearsal = _Rehearsal(db, record, company, await load_settings(db, business_id), await books.mapped(business_id))
    outcome = await rehearsal.play(await posted_of(db, record))
    return Preview(rehearsal.documents, outcome)


@dataclass
class _Rehearsal:
    """Plays delivery with made-up Ids for what is not there yet."""

    db: Database
    record: Runnable
    company: Company
    settings: Settings
    mapped: dict[Key, str]
    documents: list[Previewed] = field(default_factory=list)
    # The account of each item that is made up.
    item_accounts: dict[str, str] = field(default_factory=dict)

    async def play(self, posted: Posted) -> Problem | None:
        """What the record would end in; None: synced."""
        entity = entity_pb2.EntityEvent.FromString(self.record.payload)
        for _ in range(_MOST_DOCUMENTS):
            verdict = self._plan((self.record.kind, self.record.source_id), str(self.record.id), entity, posted)
            match verdict:
                case Document():
                    self._add(verdict)
                    posted = _with(posted, self.record, verdict)
                    if not posted.documents[-1].covers and self.record.kind not in ("order", "payment", "refund"):
                        return None
                case Needs():
                    for key in verdict.keys:
                        if problem := await self._provide(key, entity):
                            return problem
                case Problem():
                    return verdict
                case Adopt() | Booked():
                    return None
        return None

    def _plan(self, key: Key, record: str, entity: entity_pb2.EntityEvent, posted: Posted) -> Verdict:
        known = ChainMap(self.settings.overlay, self.mapped)
        pushed = self.record.pushed and record == str(self.record.id)
        return plan(Subject(key[0], record, key[1], entity, posted, pushed), self.company, self.settings.config, known)

    async def _provide(self, key: Key, about: entity_pb2.EntityEvent) -> Problem | None:
        """What a document refers to: found in the company, or made up under its own name."""
        kind, source_id = key
        if kind == "order":
            return hold("WAITS_FOR_MAPPING", "Waits for its order, which is not in QuickBooks yet.")
        entity = await self._entity(kind, source_id, about)
        if entity is None:
            return hold("WAITS_FOR_MAPPING", f"Waits for a {kind} that Shopify has not told us of.")
        while True:
            record = str(record_id(self.record.business_id, kind, source_id))
            verdict = self._plan(key, record, entity, Posted())
            if isinstance(verdict, Needs):
                for needed in verdict.keys:
                    if problem := await self._provide(needed, about):
                        return problem
                continue
            break
        match verdict:
            case Adopt():
                self.mapped[key] = verdict.qbo_id
            case Document():
                self._make_up(key, verdict)
            case Problem():
                return replace(verdict, status=Status.ON_HOLD, sentence=f"Waits for a {kind}: {verdict.sentence}")
        return None

    def _make_up(self, key: Key, document: Document) -> None:
        self._add(document)
        name = str(document.body.get("DisplayName") or document.body.get("Name"))
        made_up = f"<{document.entity} {name}>"
        self.mapped[key] = made_up
        account = str((document.body.get("IncomeAccountRef") or {}).get("value", ""))
        self.item_accounts[made_up] = account
        self.company.names.add(Name(document.entity, made_up, name, True, account=account))

    async def _entity(self, kind: str, source_id: str, about: entity_pb2.EntityEvent) -> entity_pb2.EntityEvent | None:
        if kind == setup.SETUP:
            return entity_pb2.EntityEvent(source_id=source_id)
        if kind == "customer" and "|" in source_id:
            return buyer_in_currency(about, source_id)
        found = await self.db.value("payload_of", business_id=self.record.business_id, kind=kind, source_id=source_id)
        return entity_pb2.EntityEvent.FromString(found) if found else None

    def _add(self, document: Document) -> None:
        body = to_bytes(document.body)
        shown = entries(document, self.company, self.item_accounts)
        self.documents.append(Previewed(document, body, not _made_up_in(document.body), shown))


def _made_up_in(part: object) -> bool:
    """Whether a reference in it names something by angle brackets. Texts of people are no references."""
    if isinstance(part, Mapping):
        return any(
            (name in ("value", "TxnId", "Id") and str(member).startswith("<")) or _made_up_in(member)
            for name, member in part.items()
            if name != "CustomerMemo"
        )
    return isinstance(part, list) and any(_made_up_in(each) for each in part)


def _with(posted: Posted, record: Runnable, document: Document) -> Posted:
    """As if QuickBooks had made it, under its own name for an Id."""
    total = document.total.minor if document.total else 0
    made = PostedDocument(
        owner=(record.kind, record.source_id),
        part=document.part,
        entity=document.entity,
        qbo_id=str(document.body.get("Id") or f"<{document.entity} {document.number or document.part}>"),
        sync_token=str(document.body.get("SyncToken", "0")),
        number=document.number,
        total=total,
        covers=document.covers,
        applies=document.applies,
        voided=document.operation.value == "void",
        date=document.date,
    )
    others = [d for d in posted.documents if (d.owner, d.part) != (made.owner, made.part)]
    return Posted([*others, made])
