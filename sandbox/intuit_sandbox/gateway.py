"""The API gateway in front of the companies: who calls, for which company, how often, and what goes wrong on order."""

from __future__ import annotations

import asyncio
import logging
import time

from starlette.requests import Request
from starlette.responses import Response

from intuit_sandbox import answers, clock, wire
from intuit_sandbox.faults import Fault, system_failure
from intuit_sandbox.grants import Grant, Grants
from intuit_sandbox.logbook import Logbook
from intuit_sandbox.rehearsal import FaultOrder, Rehearsal
from intuit_sandbox.service import Call, CompanyService
from intuit_sandbox.settings import Knobs
from intuit_sandbox.throttle import Throttle

LOG = logging.getLogger(__name__)
WRITES_FIRST = ("cut_after", "delay_then_cut_after", "html_503_after", "garbled_after")
ACCOUNTING_SCOPE = "com.intuit.quickbooks.accounting"
BATCH_ITEM = b'"bId"'
BATCH_QUERY = b'"Query"'


class Gateway:
    """Answers /v3/company/<realm>/<resource>."""

    def __init__(
        self, grants: Grants, services: dict[str, CompanyService], knobs: Knobs, rehearsal: Rehearsal, log: Logbook
    ) -> None:
        self._grants, self._services, self._knobs = grants, services, knobs
        self._rehearsal, self._log = rehearsal, log
        self._throttle = Throttle(knobs)

    async def handle(self, request: Request) -> Response:
        """One call, with its trace id and its line in the logbook."""
        realm, resource = request.path_params["realm"], request.path_params["resource"]
        body = await request.body()
        order = self._order(request, realm, resource, body)
        grant, refusal = self._caller(request, realm)
        response = await self._spoiled(order, request) if order else None
        if response is None:
            response = refusal or await self._admitted(request, grant, realm, resource, body)
        if order and order.answer in WRITES_FIRST:
            await asyncio.sleep(order.seconds)
            response = _lost(order, response)
        status = 0 if isinstance(response, wire.Cut) else response.status_code
        self._log.note(
            clock.now(),
            request.method,
            f"/v3/company/{realm}/{resource.split('/')[0]}",
            status,
            realm,
            resource.split("/")[0],
            request.query_params.get("requestid", ""),
            grant.client_id if grant else "",
            body.count(BATCH_ITEM) if resource == "batch" else 0,
            body.count(BATCH_QUERY) if resource == "batch" else 0,
        )
        return answers.traced(response, answers.trace_id())

    def _order(self, request: Request, realm: str, resource: str, body: bytes) -> FaultOrder | None:
        if not self._rehearsal.orders:
            return None
        text = request.url.query + body.decode("utf-8", "replace")
        return self._rehearsal.take("api", realm, request.method, resource, text)

    async def _spoiled(self, order: FaultOrder, request: Request) -> Response | None:
        """The ordered failure, or None where the call is to be done first or after a delay."""
        as_json = answers.wants_json(request.headers.get("accept", ""))
        match order.answer:
            case "html_503":
                return answers.unavailable()
            case "xml_429":
                return answers.throttled()
            case "cut_before":
                return wire.Cut()
            case "fault_200" | "fault_400":
                status = 200 if order.answer == "fault_200" else 400
                return answers.fault(Fault(order.code, order.message, order.detail, status=status), as_json)
            case "status_500":
                return answers.fault(system_failure("ordered by the side door"), as_json)
            case "delay":
                await asyncio.sleep(order.seconds)
        return None

    def _caller(self, request: Request, realm: str) -> tuple[Grant | None, Response | None]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None, answers.gateway_refusal(401, "3202", "EmptyField", "Access token is missing")
        grant = self._grants.bearer(token)
        if grant is None:
            return None, answers.gateway_refusal(401, "3200", "AuthenticationFailed", f"Token expired: {token}")
        if grant.realm != realm or ACCOUNTING_SCOPE not in grant.scopes or realm not in self._services:
            return grant, answers.gateway_refusal(
                403, "3100", "ApplicationAuthorizationFailed", f"The application is not authorized for company {realm}"
            )
        return grant, None

    async def _admitted(
        self, request: Request, grant: Grant | None, realm: str, resource: str, body: bytes
    ) -> Response:
        client = grant.client_id if grant else ""
        batch = resource == "batch"
        if not self._throttle.admits(realm, client, batch, time.monotonic()):
            return answers.throttled()
        self._throttle.in_flight[(realm, client)] += 1
        try:
            wait = self._knobs.latency_ms
            if batch:
                wait += self._knobs.batch_item_latency_ms * body.count(BATCH_ITEM)
            if wait:
                await asyncio.sleep(wait / 1000)
            return self._done(request, realm, resource, body)
        finally:
            self._throttle.in_flight[(realm, client)] -= 1

    def _done(self, request: Request, realm: str, resource: str, body: bytes) -> Response:
        as_json = answers.wants_json(request.headers.get("accept", ""))
        call = Call(request.method, resource, request.query_params, body)
        try:
            return answers.envelope(self._services[realm].answer(call), as_json)
        except Fault as refusal:
            return answers.fault(refusal, as_json)
        except Exception:
            # Nothing was stored: the transaction is rolled back. Intuit's own slips look like this too.
            LOG.exception("%s %s failed", request.method, resource)
            return answers.fault(system_failure("unexpected"), as_json)


def _lost(order: FaultOrder, answer: Response) -> Response:
    """What the caller gets instead of the answer to a call that was done."""
    match order.answer:
        case "html_503_after":
            return answers.unavailable()
        case "garbled_after":
            return Response(bytes(answer.body)[: len(answer.body) // 2], 200, media_type=answers.JSON_TYPE)
        case _:
            return wire.Cut()
