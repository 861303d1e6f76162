"""Sign in, sign up, sign out, the choice of Business, and the choice of light or dark."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.desk import Desk, one
from gateway.edge import status_of
from gateway.forms import Form
from gateway.neighbours import ask
from gateway.pages import THEME_COOKIE, own_path
from gateway.sessions import Visitor
from gateway.throttle import Throttle
from ledgerport.auth.v1 import people_pb2
from ledgerport_libs.errors import AppError, InvalidRequest, NotFound, NotSignedIn, Refused, TooManyTries

_YEAR = 365 * 24 * 3600
Opened = people_pb2.SignInResponse | people_pb2.SignUpResponse


class SigningIn:
    """The way in and out."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._people = desk, desk.neighbours.people
        self._by_address = Throttle(desk.settings.tries_by_address, 60)
        self._by_account = Throttle(desk.settings.tries_by_account, 120)

    def routes(self) -> list[Route]:
        posted = self._desk.posted
        return [
            Route("/sign-in", self.sign_in_page, methods=["GET"]),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-up", self.sign_up_page, methods=["GET"]),
            Route("/sign-up", self.sign_up, methods=["POST"]),
            Route("/sign-out", posted(self.sign_out), methods=["POST"]),
            Route("/business/{business_id}", posted(self.choose_business), methods=["POST"]),
            Route("/theme", posted(self.choose_theme), methods=["POST"]),
        ]

    async def sign_in_page(self, request: Request) -> Response:
        then = own_path(one(request, "next"))
        if await self._signed_in(request):
            return RedirectResponse(then, 303)
        return self._desk.pages.show_before_sign_in(request, "sign_in.html", next=then, email="", trouble="")

    async def sign_in(self, request: Request) -> Response:
        form = await self._desk.forms.read_visit(request)
        then, email = own_path(form.get("next", "")), form.get("email", "")
        self._slow_down(request, email)
        call = self._people.SignIn(people_pb2.SignInRequest(email=email, password=form.get("password", "")))
        try:
            opened: Opened = await ask(call)
        except (NotSignedIn, InvalidRequest, TooManyTries) as error:
            return self._desk.pages.show_before_sign_in(
                request, "sign_in.html", status=status_of(error), next=then, email=email[:254], trouble=error.say
            )
        return self._welcome(opened, then)

    async def sign_up_page(self, request: Request) -> Response:
        invitation = one(request, "invitation")
        if await self._signed_in(request) and not invitation:
            return RedirectResponse("/", 303)
        return self._sign_up_form(request, {"invitation": invitation, "email": one(request, "email", 254)}, "")

    async def sign_up(self, request: Request) -> Response:
        form = await self._desk.forms.read_visit(request)
        self._slow_down(request, form.get("email", ""))
        call = self._people.SignUp(
            people_pb2.SignUpRequest(
                email=form.get("email", ""),
                password=form.get("password", ""),
                name=form.get("name", ""),
                business_name=form.get("business_name", ""),
                invitation_token=form.get("invitation", ""),
            )
        )
        try:
            opened: Opened = await ask(call)
        except (Refused, InvalidRequest) as error:
            return self._sign_up_form(request, form, error.say, status_of(error))
        return self._welcome(opened, "/")

    async def sign_out(self, request: Request, _visitor: Visitor, _form: Form) -> Response:
        await self._desk.sessions.end(self._desk.sessions.token(request))
        response = RedirectResponse("/sign-in", 303)
        self._desk.sessions.forget(response)
        # What this browser kept of us goes too, where it understands the wish.
        response.headers["clear-site-data"] = '"cache", "storage"'
        return response

    async def choose_business(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        wanted = request.path_params["business_id"]
        if wanted not in {each.business_id for each in visitor.memberships}:
            raise NotFound(f"{visitor.user_id} does not belong to {wanted[:64]}")
        response = RedirectResponse("/", 303)
        self._desk.sessions.choose(response, wanted)
        return response

    async def choose_theme(self, _request: Request, _visitor: Visitor, form: Form) -> Response:
        theme = form.get("theme", "")
        response = RedirectResponse(own_path(form.get("here", "")), 303)
        if theme in ("light", "dark"):
            # A script reads and writes it too: it is no secret.
            response.set_cookie(THEME_COOKIE, theme, max_age=_YEAR, path="/", samesite="lax")
        return response

    async def _signed_in(self, request: Request) -> bool:
        try:
            await self._desk.sessions.visitor(request)
        except AppError:
            return False
        return True

    def _sign_up_form(self, request: Request, known: Form, trouble: str, status: int = 200) -> Response:
        fields = {name: known.get(name, "")[:500] for name in ("invitation", "email", "name", "business_name")}
        return self._desk.pages.show_before_sign_in(request, "sign_up.html", status=status, trouble=trouble, **fields)

    def _welcome(self, opened: Opened, then: str) -> Response:
        response = RedirectResponse(then, 303)
        self._desk.sessions.remember(response, opened.session_token, opened.expires_at.seconds)
        return response

    def _slow_down(self, request: Request, email: str) -> None:
        """TooManyTries for an address, or for one account from one address: nobody can lock another one out."""
        address = client_address(request, self._desk.settings.forwarded_hops)
        account = hashlib.sha256(f"{address}\0{email.strip().lower()}".encode()).hexdigest()
        wait = max(self._by_address.take(address), self._by_account.take(account))
        if wait > 0:
            raise TooManyTries(f"{address} has to wait {wait:.0f} s")


def client_address(request: Request, forwarded_hops: int) -> str:
    """Who connects; behind proxies of ours, who connected to the outermost of them."""
    if forwarded_hops:
        hops = [each.strip() for each in request.headers.get("x-forwarded-for", "").split(",") if each.strip()]
        if len(hops) >= forwarded_hops:
            return hops[-forwarded_hops][:64]
    return request.client.host if request.client else "unknown"
