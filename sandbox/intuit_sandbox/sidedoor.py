"""The side door /_sandbox/: what tests and demonstrations may do that no app can."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from intuit_sandbox import clock, ledger
from intuit_sandbox.entities import BY_PATH, ENTITIES
from intuit_sandbox.faults import Fault
from intuit_sandbox.founding import Founder
from intuit_sandbox.grants import Grants
from intuit_sandbox.logbook import Logbook
from intuit_sandbox.profile import CompanyProfile
from intuit_sandbox.rehearsal import FaultOrder, Rehearsal
from intuit_sandbox.service import CompanyService
from intuit_sandbox.settings import Knobs
from intuit_sandbox.store import ENCODER, Store

Json = dict[str, Any]


class HumanEdit(BaseModel, extra="forbid"):
    """What a person does to a document or name inside QuickBooks."""

    entity: str
    id: str
    action: str = "change"
    changes: Json = {}


class NewCompany(BaseModel, extra="forbid"):
    """A company to be founded as a copy of `like`."""

    like: str
    realm_id: str
    name: str


class SideDoor:
    """JSON in, JSON out; 404 for an unknown company, 422 for a payload that cannot be understood."""

    def __init__(
        self,
        services: dict[str, CompanyService],
        grants: Grants,
        store: Store,
        knobs: Knobs,
        rehearsal: Rehearsal,
        log: Logbook,
        founder: Founder,
    ) -> None:
        self._founder = founder
        self._services, self._grants, self._store, self._knobs = services, grants, store, knobs
        self._rehearsal, self._log = rehearsal, log

    def routes(self) -> list[Route]:
        company = "/_sandbox/companies/{realm}"
        table: list[tuple[str, str, Callable[[Request], Awaitable[Any]]]] = [
            ("GET", "/_sandbox/companies", self.companies),
            ("POST", "/_sandbox/companies", self.found),
            ("POST", f"{company}/settings", self.settings),
            ("POST", f"{company}/tokens", self.tokens),
            ("POST", f"{company}/edit", self.edit),
            ("GET", f"{company}/objects/{{entity}}", self.objects),
            ("GET", f"{company}/counts", self.counts),
            ("GET", f"{company}/trial-balance", self.trial_balance),
            ("GET", f"{company}/journal", self.journal),
            ("GET", "/_sandbox/knobs", self.knobs),
            ("POST", "/_sandbox/knobs", self.turn),
            ("POST", "/_sandbox/clock", self.clock),
            ("POST", "/_sandbox/faults", self.order),
            ("GET", "/_sandbox/faults", self.orders),
            ("DELETE", "/_sandbox/faults", self.clear),
            ("GET", "/_sandbox/requests", self.requests),
            ("DELETE", "/_sandbox/requests", self.reset),
            ("POST", "/_sandbox/forget-request-ids", self.forget),
        ]
        return [Route(path, _answering(action), methods=[method]) for method, path, action in table]

    def _company(self, request: Request) -> CompanyService:
        return self._services[request.path_params["realm"]]

    async def companies(self, _request: Request) -> Any:
        return [service.books.profile.model_dump() for service in self._services.values()]

    async def found(self, request: Request) -> Any:
        """One more company, as a copy of one that is there."""
        asked = NewCompany.model_validate(await request.json())
        return self._founder.found_like(asked.like, asked.realm_id, asked.name).model_dump()

    async def settings(self, request: Request) -> Any:
        """Change the company's profile: close books, lapse the plan, tax mode, preferences."""
        books = self._company(request).books
        patch = await request.json()
        changed = CompanyProfile.model_validate(
            {**books.profile.model_dump(), **patch, "realm_id": books.profile.realm_id}
        )
        changed.version += 1
        books.profile = changed
        with self._store.transaction():
            self._store.save_company(changed)
            if changed.multicurrency:
                self._company(request).accounting.open_to_currencies()
        return changed.model_dump()

    async def tokens(self, request: Request) -> Any:
        """{"action": expire_access | kill_refresh | disconnect | age, "client_id"?, "seconds"?}"""
        realm, asked = self._company(request).books.profile.realm_id, await request.json()
        client = asked.get("client_id")
        match asked.get("action"):
            case "expire_access":
                count = self._grants.expire_access(realm, client)
            case "kill_refresh":
                count = self._grants.kill_refresh(realm, client)
            case "disconnect":
                count = self._grants.end_company(realm, client)
            case "age":
                count = self._grants.age_refresh(realm, float(asked["seconds"]), client)
            case other:
                raise ValueError(f"unknown action {other}")
        return {"grants": count}

    async def edit(self, request: Request) -> Any:
        """A person changes, deletes, voids, deposits or takes from its deposit an object, with its newest token."""
        service, edit = self._company(request), HumanEdit.model_validate(await request.json())
        entity = ENTITIES[edit.entity]
        if edit.action in ("deposit", "undeposit"):
            service.accounting.mark_deposited(entity, edit.id, edit.action == "deposit")
            return service.books.find(entity.name, edit.id).body
        token = service.books.find(entity.name, edit.id).body["SyncToken"]
        operation = {"change": "", "delete": "delete", "void": "void"}[edit.action]
        payload = {**edit.changes, "Id": edit.id, "SyncToken": token, "sparse": True}
        return service.accounting.submit(entity, payload, operation)

    async def objects(self, request: Request) -> Any:
        """Every living object of a kind, whole, without tokens or limits; ?deleted=true shows the stubs instead."""
        books = self._company(request).books
        kind = BY_PATH[request.path_params["entity"].lower()].name
        if request.query_params.get("deleted") == "true":
            return [row.body for row in books.rows[kind].values() if row.deleted]
        return [books.shown(row) for row in books.of_kind(kind)]

    async def counts(self, request: Request) -> Any:
        """How many living objects there are of each kind that has any."""
        rows = self._company(request).books.rows
        counted = {kind: sum(not row.deleted for row in held.values()) for kind, held in rows.items()}
        return {kind: count for kind, count in counted.items() if count}

    async def trial_balance(self, request: Request) -> Any:
        return ledger.trial_balance(self._company(request).books)

    async def journal(self, request: Request) -> Any:
        asked = request.query_params
        return ledger.journal(self._company(request).books, asked.get("id"), asked.get("account"))

    async def knobs(self, _request: Request) -> Any:
        return self._knobs.model_dump()

    async def turn(self, request: Request) -> Any:
        asked = await request.json()
        Knobs.model_validate({**self._knobs.model_dump(), **asked})
        for name, value in asked.items():
            setattr(self._knobs, name, value)
        return self._knobs.model_dump()

    async def clock(self, request: Request) -> Any:
        """{"ahead": seconds}: the clock is this far ahead of everybody else's, 0 right again."""
        clock.go_wrong(float((await request.json())["ahead"]))
        return {"now": clock.now()}

    async def order(self, request: Request) -> Any:
        return {"id": self._rehearsal.add(FaultOrder.model_validate(await request.json()))}

    async def orders(self, _request: Request) -> Any:
        return {number: order.model_dump() for number, order in self._rehearsal.orders.items()}

    async def clear(self, _request: Request) -> Any:
        self._rehearsal.orders.clear()
        return {}

    async def requests(self, request: Request) -> Any:
        asked = request.query_params
        return self._log.shown(float(asked.get("since", 0)), asked.get("realm"))

    async def reset(self, _request: Request) -> Any:
        self._log.reset()
        return {}

    async def forget(self, request: Request) -> Any:
        asked = await request.json() if await request.body() else {}
        return {"forgotten": self._store.forget_replays(asked.get("realm"))}


def _answering(action: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return _json(await action(request), 200)
        except KeyError as cause:
            return _json({"error": f"unknown: {cause}"}, 404)
        except (ValidationError, ValueError) as cause:
            return _json({"error": str(cause)}, 422)
        except Fault as refusal:
            return _json({"Fault": refusal.body()}, refusal.status)

    return endpoint


def _json(value: Any, status: int) -> Response:
    return Response(ENCODER.encode(value), status, media_type="application/json")
