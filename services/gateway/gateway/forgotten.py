"""A forgotten password: a link is asked for, and a new password is chosen with it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.addresses import client_of
from gateway.desk import Desk, one
from gateway.edge import status_of
from gateway.neighbours import ask
from gateway.pages import Message
from ledgerport.auth.v1 import people_pb2
from ledgerport_libs.errors import AppError, InvalidRequest, Refused, TooManyTries

_NOT_THE_SAME = "The two passwords are not the same."


class Forgotten:
    """What is answered never tells whether there is such an account."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._people = desk, desk.neighbours.people

    def routes(self) -> list[Route]:
        return [
            Route("/forgot-password", self.ask_page, methods=["GET"]),
            Route("/forgot-password", self.ask, methods=["POST"]),
            Route("/reset-password", self.reset_page, methods=["GET"]),
            Route("/reset-password", self.reset, methods=["POST"]),
        ]

    async def ask_page(self, request: Request) -> Response:
        return await self._ask_form(request)

    async def ask(self, request: Request) -> Response:
        form = await self._desk.forms.read_visit(request)
        email = form.get("email", "")
        try:
            self._desk.limits.stranger(request, f"reset of {email}")
            client = client_of(request, self._desk.settings.forwarded_hops)
            asked = people_pb2.RequestPasswordResetRequest(email=email, client=client)
            await ask(self._people.RequestPasswordReset(asked))
        except (TooManyTries, Refused) as error:
            return await self._ask_form(request, error)
        return await self._ask_form(request, asked=True)

    async def reset_page(self, request: Request) -> Response:
        return self._reset_form(request, one(request, "token"))

    async def reset(self, request: Request) -> Response:
        form = await self._desk.forms.read_visit(request)
        token, password = form.get("token", ""), form.get("password", "")
        try:
            self._desk.limits.stranger(request, "reset")
            if password != form.get("again", ""):
                raise InvalidRequest(_NOT_THE_SAME, say=_NOT_THE_SAME)
            client = client_of(request, self._desk.settings.forwarded_hops)
            asked = people_pb2.ResetPasswordRequest(reset_token=token, new_password=password, client=client)
            done = await ask(self._people.ResetPassword(asked))
        except (InvalidRequest, Refused, TooManyTries) as error:
            return self._reset_form(request, token, error)
        self._desk.sessions.look_again(done.user_id)
        told = "Your password is set, and all sessions were signed out. Sign in with the new one."
        return self._desk.pages.go("/sign-in", Message("good", told))

    async def _ask_form(self, request: Request, error: AppError | None = None, *, asked: bool = False) -> Response:
        return self._desk.pages.show_before_sign_in(
            request,
            "forgot_password.html",
            status=status_of(error) if error else 200,
            trouble=error.say if error else "",
            asked=asked,
            options=await self._desk.options.now(),
        )

    def _reset_form(self, request: Request, token: str, error: AppError | None = None) -> Response:
        return self._desk.pages.show_before_sign_in(
            request,
            "reset_password.html",
            status=status_of(error) if error else 200,
            trouble=error.say if error else "",
            over=bool(error and error.reason == "RESET_INVALID") or not token,
            token=token[:200],
        )
