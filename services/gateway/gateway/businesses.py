"""The Businesses of one person: which one to act in, one more, and joining one by a link."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.desk import NO_BUSINESS, Desk, one
from gateway.edge import status_of
from gateway.forms import Form
from gateway.neighbours import ask
from gateway.pages import Message
from gateway.sessions import Visitor
from ledgerport.auth.v1 import people_pb2
from ledgerport_libs.errors import AppError, InvalidRequest, NotFound, Refused


class Businesses:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._people = desk, desk.neighbours.people

    def routes(self) -> list[Route]:
        seen, posted = self._desk.seen, self._desk.posted
        return [
            Route("/business/{business_id}", posted(self.choose, anywhere=True), methods=["POST"]),
            Route(NO_BUSINESS, seen(self.new_page, anywhere=True), methods=["GET"]),
            Route(NO_BUSINESS, posted(self.create, anywhere=True), methods=["POST"]),
            Route("/join", seen(self.join_page, anywhere=True), methods=["GET"]),
            Route("/join", posted(self.join, anywhere=True), methods=["POST"]),
        ]

    async def choose(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        wanted = request.path_params["business_id"]
        if wanted not in {each.business_id for each in visitor.memberships}:
            raise NotFound(f"{visitor.user_id} does not belong to {wanted[:64]}")
        response = RedirectResponse("/", 303)
        self._desk.sessions.choose(response, wanted)
        return response

    async def new_page(self, request: Request, visitor: Visitor) -> Response:
        return self._desk.pages.show(request, "new_business.html", visitor, trouble="", name="")

    async def create(self, request: Request, visitor: Visitor, form: Form) -> Response:
        name = form.get("name", "")
        try:
            call = self._people.CreateBusiness(people_pb2.CreateBusinessRequest(name=name), metadata=visitor.proof)
            made = (await ask(call)).made
        except (InvalidRequest, Refused) as error:
            return self._desk.pages.show(
                request, "new_business.html", visitor, status=status_of(error), trouble=error.say, name=name[:120]
            )
        return self._into(visitor, made, f"{made.business_name} is ready. Connect its store and its company.")

    async def join_page(self, request: Request, visitor: Visitor) -> Response:
        return self._join_form(request, visitor, one(request, "invitation"))

    async def join(self, request: Request, visitor: Visitor, form: Form) -> Response:
        token = form.get("invitation", "")
        try:
            self._desk.limits.secret_of(request, visitor.user_id)
            call = self._people.AcceptInvitation(
                people_pb2.AcceptInvitationRequest(invitation_token=token), metadata=visitor.proof
            )
            joined = (await ask(call)).joined
        except Refused as error:
            return self._join_form(request, visitor, token, error)
        return self._into(visitor, joined, f"You joined {joined.business_name}.")

    def _into(self, visitor: Visitor, membership: people_pb2.Membership, text: str) -> Response:
        self._desk.sessions.look_again(visitor.user_id)
        response = self._desk.pages.go("/", Message("good", text))
        self._desk.sessions.choose(response, membership.business_id)
        return response

    def _join_form(self, request: Request, visitor: Visitor, token: str, error: AppError | None = None) -> Response:
        return self._desk.pages.show(
            request,
            "join.html",
            visitor,
            status=status_of(error) if error else 200,
            trouble=error.say if error else "",
            invitation=token[:200],
        )
