"""Shopify's privacy requests: what was asked, what we hold, and what was done."""

from __future__ import annotations

from collections import Counter

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import views
from gateway.desk import Desk, one
from gateway.neighbours import Neighbours, ask, ask_or_none
from gateway.sessions import Visitor
from gateway.views import View
from ledgerport.common.v1 import access_pb2
from ledgerport.shopify_sync.v1 import intake_pb2

PATH = "/connections/shopify/privacy"
_ROWS, _COUNTED = 20, 50
_PLURALS = {"order": "orders", "customer": "customers"}


class Privacy:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        return [Route(PATH, self._desk.seen(self.page), methods=["GET"])]

    async def page(self, request: Request, visitor: Visitor) -> Response:
        visitor.require(access_pb2.ROLE_ADMIN)
        wanted = intake_pb2.ListPrivacyRequestsRequest(page_size=_ROWS, page_token=one(request, "page"))
        found = await ask(self._desk.neighbours.intake.ListPrivacyRequests(wanted, metadata=visitor.proof))
        asked = [views.privacy_request(each) for each in found.requests]
        return self._desk.pages.show(
            request,
            "privacy.html",
            visitor,
            requests=[each | {"held_text": held_text(each["held"])} for each in asked],
            later_page=bool(one(request, "page")),
            next_page=f"{PATH}?page={found.next_page_token}" if found.next_page_token else "",
        )


async def count(neighbours: Neighbours, visitor: Visitor) -> str | None:
    """How many there are, "50+" for more; None for who may not see them, or where shopify-sync does not answer now."""
    if not visitor.can_manage:
        return None
    wanted = intake_pb2.ListPrivacyRequestsRequest(page_size=_COUNTED)
    found = await ask_or_none(neighbours.intake.ListPrivacyRequests(wanted, metadata=visitor.proof))
    if found is None:
        return None
    return f"{len(found.requests)}{'+' if found.next_page_token else ''}"


def held_text(held: list[View]) -> str:
    """1 customer, 3 orders; empty for nothing."""
    kinds = Counter(each["kind"] for each in held)
    return ", ".join(
        f"{number} {kind if number == 1 else _PLURALS.get(kind, kind)}" for kind, number in sorted(kinds.items())
    )
