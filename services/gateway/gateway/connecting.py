"""The Connections page and what can be done on it."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway import intake_notices, notices, privacy, trouble, views, wording
from gateway.cards import list_connections
from gateway.consent import Consent
from gateway.desk import Desk
from gateway.forms import Form
from gateway.neighbours import Neighbours, ask, ask_or_none
from gateway.pages import Message
from gateway.sessions import Visitor
from ledgerport.common.v1 import access_pb2, provider_pb2
from ledgerport.connections.v1 import connections_pb2
from ledgerport.qbo_writer.v1 import records_pb2
from ledgerport.shopify_sync.v1 import intake_pb2
from ledgerport_libs.errors import InvalidRequest, NotFound, Refused

_PROVIDERS = {"quickbooks": provider_pb2.PROVIDER_QUICKBOOKS, "shopify": provider_pb2.PROVIDER_SHOPIFY}
_TICK = "Please tick that you understand: the company cannot be changed later."
_HISTORY = 20


class Connecting:
    def __init__(self, desk: Desk, consent: Consent) -> None:
        self._desk, self._consent, self._connections = desk, consent, desk.neighbours.connections

    def routes(self) -> list[Route]:
        seen, posted = self._desk.seen, self._desk.posted
        return [
            Route("/connections", seen(self.page), methods=["GET"]),
            Route("/connections/quickbooks/connect", seen(self.warning), methods=["GET"]),
            Route("/connections/quickbooks/connect", posted(self.connect_quickbooks), methods=["POST"]),
            Route("/connections/quickbooks/pause", posted(self.pause), methods=["POST"]),
            Route("/connections/quickbooks/resume", posted(self.resume), methods=["POST"]),
            Route("/connections/shopify/connect", posted(self.connect_shopify), methods=["POST"]),
            Route("/connections/{provider}/disconnect", seen(self.ask_disconnect), methods=["GET"]),
            Route("/connections/{provider}/disconnect", posted(self.disconnect), methods=["POST"]),
        ]

    async def page(self, request: Request, visitor: Visitor) -> Response:
        near, proof = self._desk.neighbours, visitor.proof
        connections, history, intake, summary, told, privacy_requests = await asyncio.gather(
            list_connections(near, visitor),
            ask_or_none(
                near.connections.ListHistory(connections_pb2.ListHistoryRequest(page_size=_HISTORY), metadata=proof)
            ),
            ask_or_none(near.intake.GetIntakeStatus(intake_pb2.GetIntakeStatusRequest(), metadata=proof)),
            ask_or_none(near.records.GetSummary(records_pb2.GetSummaryRequest(), metadata=proof)),
            notices.told(near, visitor),
            privacy.count(near, visitor),
        )
        return self._desk.pages.show(
            request,
            "connections.html",
            visitor,
            quickbooks=connections["quickbooks"],
            shopify=connections["shopify"],
            troubles={provider: trouble.of(each) for provider, each in connections.items()},
            notices=notices.shown(told, connections),
            privacy_requests=privacy_requests,
            history=[views.history(each) for each in history.entries] if history else None,
            intake=views.intake(intake) if intake else None,
            intake_notices=intake_notices.about(intake) if intake else [],
            waiting=views.summary(summary)["by_status"]["PENDING"] if summary else None,
        )

    async def warning(self, request: Request, visitor: Visitor) -> Response:
        visitor.require(access_pb2.ROLE_ADMIN)
        known = (await list_connections(self._desk.neighbours, visitor))["quickbooks"]
        return self._desk.pages.show(request, "connect_quickbooks.html", visitor, connection=known, trouble="")

    async def connect_quickbooks(self, request: Request, visitor: Visitor, form: Form) -> Response:
        visitor.require(access_pb2.ROLE_ADMIN)
        known = (await list_connections(self._desk.neighbours, visitor))["quickbooks"]
        if not known["locked"] and form.get("understood") != "yes":
            return self._desk.pages.show(
                request, "connect_quickbooks.html", visitor, status=400, connection=known, trouble=_TICK
            )
        return RedirectResponse(await self._consent.to_intuit(visitor), 303)

    async def connect_shopify(self, _request: Request, visitor: Visitor, form: Form) -> Response:
        visitor.require(access_pb2.ROLE_ADMIN)
        try:
            return RedirectResponse(await self._consent.to_shopify(visitor, form.get("shop", "")), 303)
        except (InvalidRequest, Refused) as error:
            return self._desk.pages.go("/connections", Message("bad", error.say))

    async def pause(self, _request: Request, visitor: Visitor, _form: Form) -> Response:
        await pause(self._desk.neighbours, visitor)
        return self._back("Sync is paused. Changes are collected and wait; nothing is written to QuickBooks.")

    async def resume(self, _request: Request, visitor: Visitor, _form: Form) -> Response:
        await resume(self._desk.neighbours, visitor)
        return self._back("Sync runs again. What waited is sent now, oldest first.")

    async def ask_disconnect(self, request: Request, visitor: Visitor) -> Response:
        visitor.require(access_pb2.ROLE_ADMIN)
        provider = known_provider(request.path_params["provider"])
        connection = (await list_connections(self._desk.neighbours, visitor))[provider]
        return self._desk.pages.show(request, "disconnect.html", visitor, provider=provider, connection=connection)

    async def disconnect(self, request: Request, visitor: Visitor, form: Form) -> Response:
        provider = known_provider(request.path_params["provider"])
        if form.get("confirmed") != "yes":
            return RedirectResponse(f"/connections/{provider}/disconnect", 303)
        revoked = await disconnect(self._desk.neighbours, visitor, provider)
        name = wording.PROVIDER_LABELS[provider.upper()]
        rest = "" if revoked else f" {name} did not answer yet; giving up the access there goes on by itself."
        return self._back(f"{name} is disconnected. Nothing that is in QuickBooks was touched.{rest}")

    def _back(self, text: str) -> Response:
        return self._desk.pages.go("/connections", Message("good", text))


def known_provider(word: str) -> str:
    """quickbooks or shopify; NotFound for anything else."""
    if word not in _PROVIDERS:
        raise NotFound(f"no provider {word[:40]!r}")
    return word


async def pause(neighbours: Neighbours, visitor: Visitor) -> None:
    """When this returns, no new write starts."""
    visitor.require(access_pb2.ROLE_ADMIN)
    await ask(neighbours.connections.PauseSync(connections_pb2.PauseSyncRequest(), metadata=visitor.proof))


async def resume(neighbours: Neighbours, visitor: Visitor) -> None:
    visitor.require(access_pb2.ROLE_ADMIN)
    await ask(neighbours.connections.ResumeSync(connections_pb2.ResumeSyncRequest(), metadata=visitor.proof))


async def disconnect(neighbours: Neighbours, visitor: Visitor, provider: str) -> bool:
    """False: revoking at the provider still goes on in the background."""
    visitor.require(access_pb2.ROLE_ADMIN)
    request = connections_pb2.DisconnectRequest(provider=_PROVIDERS[provider])
    answer = await ask(neighbours.connections.Disconnect(request, metadata=visitor.proof))
    return answer.revoked_at_provider
