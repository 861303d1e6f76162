"""What a Business was told about its connections: shown at the top of a page until somebody dismisses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import views
from gateway.desk import Desk
from gateway.forms import Form
from gateway.neighbours import Neighbours, ask, ask_or_none
from gateway.pages import Message, own_path
from gateway.sessions import Visitor
from gateway.views import View
from ledgerport.common.v1 import access_pb2
from ledgerport.connections.v1 import connections_pb2

_MOST_SHOWN = 5
_TONES = {"RECOVERED": "good"}


class Notices:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        return [Route("/notices/{notice_id}/dismiss", self._desk.posted(self.dismiss), methods=["POST"])]

    async def dismiss(self, request: Request, visitor: Visitor, form: Form) -> Response:
        await dismiss(self._desk.neighbours, visitor, request.path_params["notice_id"])
        told = Message("good", "The notice is dismissed for everybody in this business.")
        return self._desk.pages.go(own_path(form.get("here", "")), told)


async def told(neighbours: Neighbours, visitor: Visitor) -> list[View]:
    """What nobody has dismissed yet, newest first; none where connections does not answer now."""
    request = connections_pb2.ListNoticesRequest()
    found = await ask_or_none(neighbours.connections.ListNotices(request, metadata=visitor.proof))
    return [views.notice(each) for each in found.notices] if found else []


async def dismiss(neighbours: Neighbours, visitor: Visitor, notice_id: str) -> None:
    """For the whole Business; NotFound for a notice that is not its own."""
    visitor.require(access_pb2.ROLE_BOOKKEEPER)
    request = connections_pb2.DismissNoticeRequest(notice_id=notice_id[:64])
    await ask(neighbours.connections.DismissNotice(request, metadata=visitor.proof))


def shown(notices: Sequence[View], connections: Mapping[str, View], *, expiring_said: bool = False) -> list[View]:
    """Those that still hold and that the page does not say in another place, the newest few.

    An Unhealthy connection says so itself, so neither its trouble nor an earlier recovery is told beside it.
    With `expiring_said`, the page warns of an expiring connection by itself, too.
    """
    found = []
    for each in notices:
        connection = connections.get(each["provider"].lower())
        unhealthy = connection is not None and connection["status"] == "UNHEALTHY"
        warned = expiring_said and connection is not None and connection["expiring_soon"]
        said = (unhealthy and each["kind"] != "EXPIRING") or (warned and each["kind"] == "EXPIRING")
        if not each["over"] and not said:
            link = f"/connections#{each['provider'].lower()}"
            found.append(each | {"tone": _TONES.get(each["kind"], "note"), "link": link})
    return found[:_MOST_SHOWN]
