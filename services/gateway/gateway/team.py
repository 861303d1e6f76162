"""Team: who belongs to the Business with which role, and invitations by link."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway import views, wording
from gateway.desk import Desk
from gateway.edge import status_of
from gateway.forms import Form
from gateway.neighbours import ask
from gateway.pages import Message
from gateway.sessions import Visitor
from gateway.views import View
from ledgerport.auth.v1 import people_pb2
from ledgerport.common.v1 import access_pb2
from ledgerport_libs.errors import AppError, InvalidRequest, NotAllowed, NotFound, Refused


class Team:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._people = desk, desk.neighbours.people

    def routes(self) -> list[Route]:
        seen, posted = self._desk.seen, self._desk.posted
        return [
            Route("/team", seen(self.page), methods=["GET"]),
            Route("/team/invite", posted(self.invite), methods=["POST"]),
            Route("/team/invitations/{invitation_id}/revoke", posted(self.revoke_invitation), methods=["POST"]),
            Route("/team/members/{user_id}/role", posted(self.change_role), methods=["POST"]),
            Route("/team/members/{user_id}/remove", seen(self.ask_remove), methods=["GET"]),
            Route("/team/members/{user_id}/remove", posted(self.remove), methods=["POST"]),
            Route("/team/members/{user_id}/reset-link", posted(self.make_reset_link), methods=["POST"]),
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
            return await self._show(request, visitor, error=error, email=email)
        query = urlencode({"invitation": made.invitation_token, "email": email})
        link = {
            "address": f"{self._desk.settings.address}/sign-up?{query}",
            "email": email,
            "role": wording.ROLE_LABELS[form["role"].upper()],
            "expires_at": wording.moment(made.expires_at),
        }
        return await self._show(request, visitor, invitation=link)

    async def revoke_invitation(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        visitor.require(access_pb2.ROLE_ADMIN)
        revoke = people_pb2.RevokeInvitationRequest(invitation_id=request.path_params["invitation_id"][:64])
        await ask(self._people.RevokeInvitation(revoke, metadata=visitor.proof))
        return self._back("That invitation works no longer.")

    async def change_role(self, request: Request, visitor: Visitor, form: Form) -> Response:
        visitor.require(access_pb2.ROLE_ADMIN)
        user_id, role = request.path_params["user_id"][:64], wording.role_of(form.get("role", ""))
        change = people_pb2.ChangeRoleRequest(user_id=user_id, role=role)
        try:
            await ask(self._people.ChangeRole(change, metadata=visitor.proof))
        except (InvalidRequest, Refused, NotAllowed, NotFound) as error:
            return await self._show(request, visitor, error=error)
        self._desk.sessions.look_again(user_id)
        return self._back(f"The role is {wording.ROLE_LABELS[form['role'].upper()]} from now on.")

    async def ask_remove(self, request: Request, visitor: Visitor) -> Response:
        visitor.require(access_pb2.ROLE_ADMIN)
        user_id = request.path_params["user_id"]
        found = await ask(self._people.ListMembers(people_pb2.ListMembersRequest(), metadata=visitor.proof))
        member = next((each for each in found.members if each.person.user_id == user_id), None)
        if member is None:
            raise NotFound(f"no member {user_id[:64]}")
        return self._desk.pages.show(request, "remove_member.html", visitor, member=views.member(member))

    async def remove(self, request: Request, visitor: Visitor, form: Form) -> Response:
        visitor.require(access_pb2.ROLE_ADMIN)
        user_id = request.path_params["user_id"][:64]
        if form.get("confirmed") != "yes":
            return RedirectResponse("/team", 303)
        call = self._people.RemoveMember(people_pb2.RemoveMemberRequest(user_id=user_id), metadata=visitor.proof)
        try:
            await ask(call)
        except (Refused, NotAllowed, NotFound) as error:
            return await self._show(request, visitor, error=error)
        self._desk.sessions.look_again(user_id)
        if user_id == visitor.user_id:
            return RedirectResponse("/", 303)
        return self._back("They no longer belong to this business. Their API tokens for it have ended, too.")

    async def make_reset_link(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        """Where no mail is sent. Shown once, on the answer itself."""
        visitor.require(access_pb2.ROLE_ADMIN)
        wanted = people_pb2.MakeResetLinkRequest(user_id=request.path_params["user_id"][:64])
        try:
            made = await ask(self._people.MakeResetLink(wanted, metadata=visitor.proof))
        except (Refused, NotAllowed, NotFound) as error:
            return await self._show(request, visitor, error=error)
        link = {
            "address": f"{self._desk.settings.address}/reset-password?{urlencode({'token': made.reset_token})}",
            "email": made.email,
            "expires_at": wording.moment(made.expires_at),
        }
        return await self._show(request, visitor, reset_link=link)

    def _back(self, text: str) -> Response:
        return self._desk.pages.go("/team", Message("good", text))

    async def _show(
        self,
        request: Request,
        visitor: Visitor,
        *,
        error: AppError | None = None,
        email: str = "",
        invitation: View | None = None,
        reset_link: View | None = None,
    ) -> Response:
        proof = visitor.proof
        found, options = await asyncio.gather(
            ask(self._people.ListMembers(people_pb2.ListMembersRequest(), metadata=proof)), self._desk.options.now()
        )
        open_ones: list[View] = []
        if visitor.can_manage:
            listed = await ask(self._people.ListInvitations(people_pb2.ListInvitationsRequest(), metadata=proof))
            open_ones = [views.invitation(each) for each in listed.invitations]
        return self._desk.pages.show(
            request,
            "team.html",
            visitor,
            status=status_of(error) if error else 200,
            members=[
                views.member(each) | {"touchable": visitor.can_manage and each.role <= visitor.role}
                for each in found.members
            ],
            roles=[word for word in wording.ROLE_LABELS if wording.role_of(word) <= visitor.role],
            invitations=open_ones,
            trouble=error.say if error else "",
            email=email[:254],
            invitation=invitation,
            reset_link=reset_link,
            hand_over=options.passwords and not options.mail,
        )
