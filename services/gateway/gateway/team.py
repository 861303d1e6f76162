"""Team: who belongs to the Business, and invitations by link."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import views, wording
from gateway.desk import Desk
from gateway.edge import status_of
from gateway.forms import Form
from gateway.neighbours import ask
from gateway.sessions import Visitor
from gateway.views import View
from ledgerport.auth.v1 import people_pb2
from ledgerport.common.v1 import access_pb2
from ledgerport_libs.errors import InvalidRequest, Refused


class Team:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._people = desk, desk.neighbours.people

    def routes(self) -> list[Route]:
        return [
            Route("/team", self._desk.seen(self.page), methods=["GET"]),
            Route("/team/invite", self._desk.posted(self.invite), methods=["POST"]),
        ]

    async def page(self, request: Request, visitor: Visitor) -> Response:
        return await self._show(request, visitor)

    async def invite(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """The link is shown once, on the answer itself: it is a secret and goes into no address or cookie of ours."""
        visitor.require(access_pb2.ROLE_ADMIN)
        email, role = form.get("email", "").strip(), wording.role_of(form.get("role", ""))
        call = self._people.InviteMember(people_pb2.InviteMemberRequest(email=email, role=role), metadata=visitor.proof)
        try:
            made = await ask(call)
        except (InvalidRequest, Refused) as error:
            return await self._show(request, visitor, status=status_of(error), trouble=error.say, email=email)
        query = urlencode({"invitation": made.invitation_token, "email": email})
        link = {
            "address": f"{self._desk.settings.address}/sign-up?{query}",
            "email": email,
            "role": wording.ROLE_LABELS[form["role"].upper()],
            "expires_at": wording.moment(made.expires_at),
        }
        return await self._show(request, visitor, invitation=link)

    async def _show(
        self,
        request: Request,
        visitor: Visitor,
        *,
        status: int = 200,
        trouble: str = "",
        email: str = "",
        invitation: View | None = None,
    ) -> Response:
        found = await ask(self._people.ListMembers(people_pb2.ListMembersRequest(), metadata=visitor.proof))
        return self._desk.pages.show(
            request,
            "team.html",
            visitor,
            status=status,
            members=[views.member(each) for each in found.members],
            roles=[word for word in wording.ROLE_LABELS if wording.role_of(word) <= visitor.role],
            trouble=trouble,
            email=email,
            invitation=invitation,
        )
