"""One company's HTTP surface without HTTP: paths and bodies in, envelopes out; requestid, batch and CDC."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from intuit_sandbox import clock, exchange_rates, faults, query
from intuit_sandbox.accounting import Accounting
from intuit_sandbox.books import Books
from intuit_sandbox.entities import BY_PATH, ENTITIES, Entity
from intuit_sandbox.settings import Knobs
from intuit_sandbox.store import DECODER, ENCODER, Store

Json = dict[str, Any]
CDC_DAYS, CDC_MOST = 30, 1000
REQUEST_ID_LONGEST = 50
NOT_IN_CDC = ("TaxAgency", "TaxCode", "TaxRate", "ExchangeRate", "CompanyInfo", "Preferences")


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one company, stripped of its transport."""

    method: str
    resource: str
    params: Mapping[str, str]
    body: bytes


def _decoded(body: bytes) -> Any:
    try:
        return DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        raise faults.unreadable_body(f"{cause}") from cause


class CompanyService:
    """Answers the calls of one company. Every answer is the JSON bytes of an envelope."""

    def __init__(self, books: Books, store: Store, knobs: Knobs) -> None:
        self.books = books
        self.accounting = Accounting(books, store)
        self._store = store
        self._knobs = knobs

    def answer(self, call: Call) -> bytes:
        """The envelope for a call; Fault if it is refused. What is answered has been committed."""
        head, _, rest = call.resource.partition("/")
        match head, call.method:
            case "query", "GET" | "POST":
                statement = (
                    call.body.decode("utf-8", "replace") if call.method == "POST" else call.params.get("query", "")
                )
                return _envelope("QueryResponse", query.run(self.books, query.parse(statement)))
            case "batch", "POST":
                return self._batch(call)
            case "cdc", "GET":
                return self._changes(call)
            case "taxservice", "POST" if rest == "taxcode":
                return self._once(
                    call, "taxservice", lambda: ENCODER.encode(self.accounting.tax_service(_decoded(call.body)))
                )
            case "exchangerate", "GET" if not rest:
                return _envelope("ExchangeRate", exchange_rates.read(self.books, call.params))
            case "exchangerate", "POST" if not rest:
                return self._once(
                    call,
                    "exchangerate",
                    lambda: _envelope("ExchangeRate", self.accounting.set_rate(_object(_decoded(call.body)))),
                )
            case (("companyinfo" | "preferences"), "GET"):
                return self._about_company(head, rest)
        entity = BY_PATH.get(head)
        if entity is None:
            raise faults.unsupported_operation(head)
        if call.method == "GET" and rest:
            return _envelope(entity.name, self.accounting.read(entity, rest))
        if call.method == "POST" and not rest:
            operation, include = _operation(call.params)
            return self._once(
                call,
                f"{entity.name}/{operation}",
                lambda: _envelope(
                    entity.name, self.accounting.submit(entity, _object(_decoded(call.body)), operation, include)
                ),
            )
        raise faults.unsupported_operation(f"{call.method} {call.resource}")

    def _once(self, call: Call, kind: str, work: Any) -> bytes:
        """Do a write once for each requestid: the answer is kept in the same transaction as the write."""
        request = call.params.get("requestid", "")
        if len(request) > REQUEST_ID_LONGEST:
            raise faults.invalid_request_id()
        return self._replayed(request, "", kind, work)

    def _replayed(self, request: str, item: str, kind: str, work: Any) -> bytes:
        remembering = bool(request) and self._knobs.remember_request_ids
        realm = self.books.profile.realm_id
        if remembering and (known := self._store.replay(realm, request, item)):
            if known[0] != kind:
                raise faults.duplicate_request_id()
            return known[1]
        with self._store.transaction():
            answer: bytes = work()
            if remembering:
                self._store.remember(realm, request, item, kind, answer)
        return answer

    def _about_company(self, head: str, rest: str) -> bytes:
        created = clock.stamp(0)
        if head == "preferences":
            return _envelope("Preferences", self.books.profile.preferences(created))
        if rest not in ("1", self.books.profile.realm_id):
            raise faults.made_inactive()
        return _envelope("CompanyInfo", self.books.profile.company_info(created))

    def _batch(self, call: Call) -> bytes:
        payload = _object(_decoded(call.body))
        items = payload.get("BatchItemRequest")
        if not isinstance(items, list):
            raise faults.missing("BatchItemRequest")
        limit = self._knobs.batch_payloads
        if limit and len(items) > limit:
            raise faults.batch_too_large(limit)
        request = call.params.get("requestid", "")
        if request and len(request) + max((len(str(i.get("bId", ""))) for i in items), default=0) > REQUEST_ID_LONGEST:
            raise faults.invalid_request_id()
        with self._store.transaction():
            answers = [self._batch_item(item, request) for item in items]
        if self._knobs.batch_unordered:
            random.shuffle(answers)
        return b'{"BatchItemResponse":[%s],"time":"%s"}' % (
            b",".join(answers),
            clock.envelope_time(clock.now()).encode(),
        )

    def _batch_item(self, item: Any, request: str) -> bytes:
        bid = str(item.get("bId", "")) if isinstance(item, dict) else ""
        try:
            return self._item_answer(_object(item), bid, request)
        except faults.Fault as fault:
            return ENCODER.encode({"bId": bid, "Fault": fault.body()})

    def _item_answer(self, item: Json, bid: str, request: str) -> bytes:
        if "Query" in item:
            return ENCODER.encode({"QueryResponse": query.run(self.books, query.parse(str(item["Query"]))), "bId": bid})
        entity = next((ENTITIES[name] for name in item if name in ENTITIES), None)
        operation = item.get("operation", "")
        if entity is None or operation not in ("create", "update", "delete", "void"):
            raise faults.unsupported_operation(str(operation or "without an object"))
        if item.get("optionsData") == "void":
            operation = "void"
        include = str(item.get("optionsData", "")).split(",")
        return self._replayed(
            request,
            bid,
            f"{entity.name}/{operation}",
            lambda: ENCODER.encode(
                {
                    "bId": bid,
                    entity.name: self.accounting.submit(entity, _object(item[entity.name]), operation, include),
                }
            ),
        )

    def _changes(self, call: Call) -> bytes:
        names = [name.strip() for name in call.params.get("entities", "").split(",") if name.strip()]
        canonical = {entity.path: entity for entity in ENTITIES.values()}
        entities: list[Entity] = []
        for name in names:
            entity = canonical.get(name.lower())
            if entity is None or entity.name in NOT_IN_CDC:
                raise faults.invalid_query(f"invalid context declaration: {name}")
            entities.append(entity)
        if not entities:
            raise faults.missing("entities")
        try:
            since = clock.read(call.params.get("changedSince", ""))
        except ValueError:
            raise faults.invalid_date("changedSince", call.params.get("changedSince")) from None
        if clock.now() - since > CDC_DAYS * 86_400:
            raise faults.business(f"changedSince is more than {CDC_DAYS} days ago.", "changedSince")
        rows = self.books.changed_since(since, {entity.name for entity in entities})[:CDC_MOST]
        responses = []
        for entity in entities:
            own = [self.books.shown(row) for row in rows if row.kind == entity.name]
            responses.append({entity.name: own, "startPosition": 1, "maxResults": len(own)} if own else {})
        return _envelope("CDCResponse", [{"QueryResponse": responses}])


def _object(payload: Any) -> Json:
    if not isinstance(payload, dict):
        raise faults.unreadable_body("the body is not an object and")
    return payload


def _operation(params: Mapping[str, str]) -> tuple[str, list[str]]:
    include = params.get("include", "").split(",")
    if params.get("operation") == "update" and "void" in include:
        return "void", include
    return params.get("operation", ""), include


def _envelope(name: str, value: Any) -> bytes:
    return ENCODER.encode({name: value, "time": clock.envelope_time(clock.now())})
