"""The way to Intuit and Shopify and back: each end of it has its own sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.cards import list_connections
from gateway.desk import Desk
from gateway.neighbours import ask
from gateway.pages import Message
from gateway.sessions import Visitor
from ledgerport.auth.v1 import credentials_pb2
from ledgerport.common.v1 import access_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.errors import AppError, NotAllowed, NotSignedIn, PassingTrouble

log = telemetry.logger("consent")
_LONGEST = 4096
_LOOKS, _BETWEEN_LOOKS = 20, 0.1

# What happened, and what to do. Where auth names accounts in its own sentence, that one comes first.
QUICKBOOKS_SENTENCES: Mapping[str, str] = {
    "STATE_MISMATCH": "This answer from Intuit does not belong to a connection that you started here in the last ten "
    "minutes, so it was not used. Press Connect QuickBooks again, and finish in this browser.",
    "ACCESS_DENIED": "Access was not granted at Intuit, so nothing was connected. Press Connect QuickBooks again and "
    "choose Connect on Intuit's page.",
    "PROVIDER_ERROR": "Intuit reported a problem and nothing was connected. Please try again in a few minutes.",
    "REALM_MISSING": "Intuit did not say which company was chosen, so nothing was connected. Press Connect QuickBooks "
    "again and choose a company.",
    "WRONG_COMPANY": "You chose another company than the one this business is bound to, so nothing was changed. "
    "Reconnect and choose the bound company.",
    "COMPANY_BOUND_ELSEWHERE": "This QuickBooks company is bound to another business already, so it was not connected. "
    "Choose another company, or sign in to the business that it belongs to.",
    "REALM_NOT_PROVED": "The company that Intuit named could not be opened with the access it gave, so nothing was "
    "connected. Press Connect QuickBooks again; if it happens again, contact support.",
    "EXCHANGE_FAILED": "Intuit did not complete the connection, and nothing was changed. Press Connect QuickBooks "
    "again; each attempt at Intuit can be used once only.",
}
SHOPIFY_SENTENCES: Mapping[str, str] = {
    "STATE_MISMATCH": "This answer from Shopify does not belong to a connection that you started here in the last ten "
    "minutes, so it was not used. Press Connect Shopify again, and finish in this browser.",
    "BAD_SIGNATURE": "This answer does not carry Shopify's signature, so it was not used. Press Connect Shopify again.",
    "WRONG_SHOP": "Shopify answered for another store than the one you named, so nothing was changed. Press Connect "
    "Shopify again, signed in to the right store.",
    "STALE_CALLBACK": "This answer from Shopify is too old to be used. Press Connect Shopify again.",
    "ACCESS_DENIED": "Access was not granted at Shopify, so nothing was connected. Press Connect Shopify again and "
    "choose Install.",
    "SHOP_CONNECTED_ELSEWHERE": "This store is connected to another business already, so nothing was changed. "
    "Disconnect it there first, or connect another store.",
    "SCOPES_MISSING": "Shopify granted fewer permissions than are needed to read orders, so nothing was connected. "
    "Press Connect Shopify again and accept all of them.",
    "EXCHANGE_FAILED": "Shopify did not complete the connection, and nothing was changed. Press Connect Shopify again.",
}
_NAMES_ACCOUNTS = frozenset({"WRONG_COMPANY", "COMPANY_BOUND_ELSEWHERE", "WRONG_SHOP", "SCOPES_MISSING"})
_NOT_ADMIN = "Only an owner or an admin of this business can connect it. Ask one of them; nothing was changed."
_SIGNED_OUT = "Your session ended before the connection was finished. Sign in, then connect again; nothing was changed."


class Consent:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._credentials = desk, desk.neighbours.credentials

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/quickbooks/callback", self.from_intuit, methods=["GET"]),
            Route("/oauth/shopify/callback", self.from_shopify, methods=["GET"]),
        ]

    async def to_intuit(self, visitor: Visitor) -> str:
        """Where the browser gives consent; only admins get there."""
        visitor.require(access_pb2.ROLE_ADMIN)
        request = credentials_pb2.StartQuickBooksConnectRequest(session_id=visitor.session_id)
        started = await ask(self._credentials.StartQuickBooksConnect(request, metadata=visitor.proof))
        return started.authorize_url

    async def to_shopify(self, visitor: Visitor, shop: str) -> str:
        """Where the browser gives consent; InvalidRequest for what is no store's address."""
        visitor.require(access_pb2.ROLE_ADMIN)
        request = credentials_pb2.StartShopifyConnectRequest(session_id=visitor.session_id, shop=shop[:500])
        started = await ask(self._credentials.StartShopifyConnect(request, metadata=visitor.proof))
        return started.authorize_url

    async def from_intuit(self, request: Request) -> Response:
        try:
            visitor = await self._desk.sessions.visitor(request)
            finish = credentials_pb2.FinishQuickBooksConnectRequest(
                session_id=visitor.session_id,
                state=_one(request, "state"),
                code=_one(request, "code"),
                realm_id=_one(request, "realmId"),
                error=_one(request, "error"),
                error_description=_one(request, "error_description"),
            )
            done = await ask(self._credentials.FinishQuickBooksConnect(finish, metadata=visitor.proof))
        except AppError as error:
            return self._came_back(error, QUICKBOOKS_SENTENCES)
        again = "" if done.newly_bound else " again"
        text = f"QuickBooks is connected{again}: {done.company_name or 'company'} ({done.realm_id})."
        return await self._connected(visitor, done.business_id, text, "quickbooks")

    async def from_shopify(self, request: Request) -> Response:
        try:
            visitor = await self._desk.sessions.visitor(request)
            query = request.scope["query_string"].decode("latin-1")
            finish = credentials_pb2.FinishShopifyConnectRequest(session_id=visitor.session_id, query_string=query)
            done = await ask(self._credentials.FinishShopifyConnect(finish, metadata=visitor.proof))
        except AppError as error:
            return self._came_back(error, SHOPIFY_SENTENCES)
        text = f"Shopify is connected: {done.shop_name or done.shop_domain}."
        return await self._connected(visitor, done.business_id, text, "shopify")

    async def _connected(self, visitor: Visitor, business_id: str, text: str, provider: str) -> Response:
        """Back to the clean address, in the Business that was connected: another tab may have switched."""
        if business_id == visitor.business_id:
            await self._until_shown(visitor, provider)
        response = self._desk.pages.go("/connections", Message("good", text))
        if business_id and business_id != visitor.business_id:
            self._desk.sessions.choose(response, business_id)
        return response

    async def _until_shown(self, visitor: Visitor, provider: str) -> None:
        """The card hears of it by an event: wait a moment, so that the next page does not contradict the message."""
        for _ in range(_LOOKS):
            try:
                if (await list_connections(self._desk.neighbours, visitor))[provider]["status"] == "CONNECTED":
                    return
            except AppError:
                return
            await asyncio.sleep(_BETWEEN_LOOKS)

    def _came_back(self, error: AppError, sentences: Mapping[str, str]) -> Response:
        log.info("connect_refused", reason=error.reason, detail=str(error)[:200])
        if isinstance(error, NotSignedIn):
            return self._desk.pages.go("/sign-in?next=/connections", Message("bad", _SIGNED_OUT))
        return self._desk.pages.go("/connections", Message("bad", sentence_of(error, sentences)))


def sentence_of(error: AppError, sentences: Mapping[str, str]) -> str:
    """What happened and what to do, for each way in which connecting can end."""
    known = sentences.get(error.reason)
    if known and error.reason in _NAMES_ACCOUNTS and error.say:
        return error.say
    if known:
        return known
    if isinstance(error, NotAllowed):
        return _NOT_ADMIN
    if isinstance(error, PassingTrouble):
        return "The connection could not be finished just now, and nothing was changed. Please connect again."
    return error.say


def _one(request: Request, name: str) -> str:
    return request.query_params.get(name, "")[:_LONGEST].replace("\0", "")
