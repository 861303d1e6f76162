"""Account: one's own password, single sign-on and sessions."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway import views
from gateway.desk import Desk
from gateway.edge import status_of
from gateway.forms import Form
from gateway.neighbours import ask
from gateway.pages import Message
from gateway.sessions import Visitor
from ledgerport.auth.v1 import people_pb2
from ledgerport_libs.errors import AppError, InvalidRequest, NotSignedIn, Refused, TooManyTries

_NOT_THE_SAME = "The two new passwords are not the same."


class Account:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._people = desk, desk.neighbours.people

    def routes(self) -> list[Route]:
        seen, posted = self._desk.seen, self._desk.posted
        return [
            Route("/account", seen(self.page, anywhere=True), methods=["GET"]),
            Route("/account/password", posted(self.change_password, anywhere=True), methods=["POST"]),
            Route("/account/sessions/end-others", posted(self.end_others, anywhere=True), methods=["POST"]),
            Route("/account/sessions/end-all", posted(self.end_all, anywhere=True), methods=["POST"]),
            Route("/account/sessions/{session_id}/end", posted(self.end, anywhere=True), methods=["POST"]),
        ]

    async def page(self, request: Request, visitor: Visitor) -> Response:
        return await self._show(request, visitor)

    async def change_password(self, request: Request, visitor: Visitor, form: Form) -> Response:
        try:
            self._desk.limits.secret_of(request, visitor.user_id)
            if form.get("new_password", "") != form.get("again", ""):
                raise InvalidRequest(_NOT_THE_SAME, say=_NOT_THE_SAME)
            change = people_pb2.ChangePasswordRequest(
                old_password=form.get("old_password", ""), new_password=form.get("new_password", "")
            )
            await ask(self._people.ChangePassword(change, metadata=visitor.proof))
        except NotSignedIn as error:
            if error.reason != "WRONG_PASSWORD":
                raise
            return await self._show(request, visitor, InvalidRequest(say=error.say))
        except (InvalidRequest, Refused, TooManyTries) as error:
            return await self._show(request, visitor, error)
        self._desk.sessions.look_again(visitor.user_id)
        return self._back("Your password is changed. All your other sessions were signed out.")

    async def end(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        session_id = request.path_params["session_id"][:64]
        await ask(self._people.EndSession(people_pb2.EndSessionRequest(session_id=session_id), metadata=visitor.proof))
        self._desk.sessions.look_again(visitor.user_id)
        if session_id == visitor.session_id:
            return self._out()
        return self._back("That session is signed out.")

    async def end_others(self, _request: Request, visitor: Visitor, _form: Form) -> Response:
        await self._end_all(visitor, keep_current=True)
        return self._back("All your other sessions are signed out.")

    async def end_all(self, _request: Request, visitor: Visitor, _form: Form) -> Response:
        await self._end_all(visitor, keep_current=False)
        return self._out()

    async def _end_all(self, visitor: Visitor, *, keep_current: bool) -> None:
        request = people_pb2.EndAllSessionsRequest(keep_current=keep_current)
        await ask(self._people.EndAllSessions(request, metadata=visitor.proof))
        self._desk.sessions.look_again(visitor.user_id)

    def _out(self) -> Response:
        response = RedirectResponse("/sign-in", 303)
        self._desk.sessions.forget(response)
        response.headers["clear-site-data"] = '"cache", "storage"'
        return response

    def _back(self, text: str) -> Response:
        return self._desk.pages.go("/account", Message("good", text))

    async def _show(self, request: Request, visitor: Visitor, error: AppError | None = None) -> Response:
        found = await ask(self._people.ListSessions(people_pb2.ListSessionsRequest(), metadata=visitor.proof))
        return self._desk.pages.show(
            request,
            "account.html",
            visitor,
            status=status_of(error) if error else 200,
            trouble=error.say if error else "",
            sessions=[views.session(each) for each in found.sessions],
            has_password=found.has_password,
            linked=found.single_sign_on,
            options=await self._desk.options.now(),
        )
