"""Sign in, sign up, sign out, and the choice of light or dark."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.addresses import client_of
from gateway.desk import Desk, one
from gateway.edge import status_of
from gateway.forms import Form
from gateway.neighbours import ask
from gateway.pages import THEME_COOKIE, own_path
from gateway.sessions import Visitor
from ledgerport.auth.v1 import people_pb2
from ledgerport_libs.errors import AppError, InvalidRequest, NotSignedIn, Refused, TooManyTries

_YEAR = 365 * 24 * 3600
Opened = people_pb2.SignInResponse | people_pb2.SignUpResponse


class SigningIn:
    """The way in and out."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._people = desk, desk.neighbours.people

    def routes(self) -> list[Route]:
        posted = self._desk.posted
        return [
            Route("/sign-in", self.sign_in_page, methods=["GET"]),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-up", self.sign_up_page, methods=["GET"]),
            Route("/sign-up", self.sign_up, methods=["POST"]),
            Route("/sign-out", posted(self.sign_out, anywhere=True), methods=["POST"]),
            Route("/theme", posted(self.choose_theme, anywhere=True), methods=["POST"]),
        ]

    async def sign_in_page(self, request: Request) -> Response:
        then = own_path(one(request, "next"))
        if await self._signed_in(request):
            return RedirectResponse(then, 303)
        return await self._sign_in_form(request, then)

    async def sign_in(self, request: Request) -> Response:
        form = await self._desk.forms.read_visit(request)
        then, email = own_path(form.get("next", "")), form.get("email", "")
        self._desk.limits.stranger(request, email)
        client = client_of(request, self._desk.settings.forwarded_hops)
        asked = people_pb2.SignInRequest(email=email, password=form.get("password", ""), client=client)
        try:
            opened: Opened = await ask(self._people.SignIn(asked))
        except (NotSignedIn, InvalidRequest, TooManyTries, Refused) as error:
            return await self._sign_in_form(request, then, email[:254], error)
        return self._welcome(opened, then)

    async def sign_up_page(self, request: Request) -> Response:
        invitation = one(request, "invitation")
        if await self._signed_in(request):
            return RedirectResponse(f"/join?{urlencode({'invitation': invitation})}" if invitation else "/", 303)
        return await self._sign_up_form(request, {"invitation": invitation, "email": one(request, "email", 254)}, "")

    async def sign_up(self, request: Request) -> Response:
        form = await self._desk.forms.read_visit(request)
        self._desk.limits.stranger(request, form.get("email", ""))
        asked = people_pb2.SignUpRequest(
            email=form.get("email", ""),
            password=form.get("password", ""),
            name=form.get("name", ""),
            business_name=form.get("business_name", ""),
            invitation_token=form.get("invitation", ""),
            client=client_of(request, self._desk.settings.forwarded_hops),
        )
        try:
            opened: Opened = await ask(self._people.SignUp(asked))
        except (Refused, InvalidRequest, NotSignedIn, TooManyTries) as error:
            return await self._sign_up_form(request, form, error.say, status_of(error))
        return self._welcome(opened, "/")

    async def sign_out(self, request: Request, _visitor: Visitor, _form: Form) -> Response:
        await self._desk.sessions.end(self._desk.sessions.token(request))
        response = RedirectResponse("/sign-in", 303)
        self._desk.sessions.forget(response)
        # What this browser kept of us goes too, where it understands the wish.
        response.headers["clear-site-data"] = '"cache", "storage"'
        return response

    async def choose_theme(self, _request: Request, _visitor: Visitor, form: Form) -> Response:
        theme = form.get("theme", "")
        response = RedirectResponse(own_path(form.get("here", "")), 303)
        if theme in ("light", "dark"):
            # A script reads and writes it too: it is no secret.
            response.set_cookie(
                THEME_COOKIE, theme, max_age=_YEAR, path="/", secure=self._desk.settings.https, samesite="lax"
            )
        return response

    async def _signed_in(self, request: Request) -> bool:
        try:
            await self._desk.sessions.visitor(request)
        except AppError:
            return False
        return True

    async def _sign_in_form(
        self, request: Request, then: str, email: str = "", error: AppError | None = None
    ) -> Response:
        return self._desk.pages.show_before_sign_in(
            request,
            "sign_in.html",
            status=status_of(error) if error else 200,
            trouble=error.say if error else "",
            email=email,
            next=then,
            options=await self._desk.options.now(),
        )

    async def _sign_up_form(self, request: Request, known: Form, trouble: str, status: int = 200) -> Response:
        fields = {name: known.get(name, "")[:500] for name in ("invitation", "email", "name", "business_name")}
        return self._desk.pages.show_before_sign_in(
            request, "sign_up.html", status=status, trouble=trouble, options=await self._desk.options.now(), **fields
        )

    def _welcome(self, opened: Opened, then: str) -> Response:
        response = RedirectResponse(then, 303)
        self._desk.sessions.remember(response, opened.session_token, opened.expires_at.seconds)
        return response
