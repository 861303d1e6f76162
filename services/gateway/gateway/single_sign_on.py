"""Single sign-on: to the OpenID Connect provider and back to a clean address."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.addresses import client_of
from gateway.desk import Desk, one
from gateway.forms import Form
from gateway.neighbours import ask
from gateway.pages import Message, own_path
from gateway.sessions import Visitor
from ledgerport.auth.v1 import people_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.errors import AppError, PassingTrouble

log = telemetry.logger("single_sign_on")
_LONGEST = 4096
SENTENCES: Mapping[str, str] = {
    "STATE_MISMATCH": "This sign-in was not started in this browser in the last ten minutes, so it was not used. "
    "Please start again.",
    "ACCESS_DENIED": "Your provider did not let you in, or you pressed cancel there. Please try again.",
    "EXCHANGE_FAILED": "Your provider did not complete the sign-in. Please try again.",
    "EMAIL_NOT_VERIFIED": "Your provider has not verified your e-mail address. Verify it there, then try again.",
    "NOT_INVITED": "There is no account for you here yet. Ask an owner or admin of your business for an invitation.",
    "LINK_NEEDED": "There is an account with your e-mail address already. Sign in with its password, then link single "
    "sign-on on your Account page.",
    "LINKED_ELSEWHERE": "This identity, or this account, is linked already to another one. Nothing was changed.",
    "NO_SINGLE_SIGN_ON": "Single sign-on is not set up here.",
}
_ELSE = "Single sign-on does not work at the moment. Please try again shortly."


class SingleSignOn:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._people = desk, desk.neighbours.people

    def routes(self) -> list[Route]:
        return [
            Route("/sign-in/provider", self.start, methods=["POST"]),
            Route("/sign-in/callback", self.back, methods=["GET"]),
            Route("/account/link", self._desk.posted(self.link, anywhere=True), methods=["POST"]),
        ]

    async def start(self, request: Request) -> Response:
        form = await self._desk.forms.read_visit(request)
        self._desk.limits.stranger(request)
        then, invitation = own_path(form.get("next", "")), form.get("invitation", "")
        return await self._to_provider(
            request, people_pb2.StartSingleSignOnRequest(next=then, invitation_token=invitation), "/sign-in"
        )

    async def link(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        """The provider's identity becomes one more way into the account that is signed in."""
        self._desk.limits.secret_of(request, visitor.user_id)
        token = self._desk.sessions.token(request)
        return await self._to_provider(
            request, people_pb2.StartSingleSignOnRequest(next="/account", session_token=token), "/account"
        )

    async def _to_provider(self, request: Request, asked: people_pb2.StartSingleSignOnRequest, home: str) -> Response:
        asked.browser = self._desk.forms.visit(request)
        try:
            started = await ask(self._people.StartSingleSignOn(asked))
        except AppError as error:
            return self._trouble(error, home)
        response = RedirectResponse(started.authorize_url, 303)
        self._desk.forms.keep_visit(response, asked.browser)
        return response

    async def back(self, request: Request) -> Response:
        asked = people_pb2.FinishSingleSignOnRequest(
            browser=self._desk.forms.visit(request),
            state=one(request, "state", _LONGEST),
            code=one(request, "code", _LONGEST),
            error=one(request, "error"),
            issuer=one(request, "iss"),
            client=client_of(request, self._desk.settings.forwarded_hops),
        )
        try:
            self._desk.limits.stranger(request)
            done = await ask(self._people.FinishSingleSignOn(asked))
        except AppError as error:
            return self._trouble(error, "/sign-in")
        if done.linked:
            return self._desk.pages.go("/account", Message("good", "Single sign-on is linked to your account."))
        response = RedirectResponse(own_path(done.next), 303)
        self._desk.sessions.remember(response, done.session_token, done.expires_at.seconds)
        return response

    def _trouble(self, error: AppError, home: str) -> Response:
        log.info("sign_on_ended", reason=error.reason)
        say = SENTENCES.get(error.reason) or (error.say if isinstance(error, PassingTrouble) else _ELSE)
        return self._desk.pages.go(home, Message("bad", say))
