"""Team, API tokens: keys for programs that call the JSON API or the gRPC services."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import views, wording
from gateway.desk import Desk
from gateway.edge import status_of
from gateway.forms import Form
from gateway.neighbours import ask
from gateway.pages import Message
from gateway.sessions import Visitor
from gateway.views import View
from ledgerport.auth.v1 import api_tokens_pb2 as pb
from ledgerport.common.v1 import access_pb2
from ledgerport_libs.errors import AppError, InvalidRequest, NotAllowed, NotFound, Refused

_LIVES = {"7": "a week", "30": "30 days", "90": "90 days", "180": "half a year", "366": "a year"}


class ApiTokens:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._tokens = desk, desk.neighbours.api_tokens

    def routes(self) -> list[Route]:
        seen, posted = self._desk.seen, self._desk.posted
        return [
            Route("/team/tokens", seen(self.page), methods=["GET"]),
            Route("/team/tokens", posted(self.create), methods=["POST"]),
            Route("/team/tokens/{token_id}/revoke", posted(self.revoke), methods=["POST"]),
        ]

    async def page(self, request: Request, visitor: Visitor) -> Response:
        return await self._show(request, visitor)

    async def create(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """The token is shown once, on the answer itself: it goes into no address or cookie of ours."""
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        days = form.get("days", "")
        wanted = pb.CreateApiTokenRequest(
            name=form.get("name", ""),
            role=wording.role_of(form.get("role", "")),
            days=int(days) if days in _LIVES else 0,
        )
        try:
            made = await ask(self._tokens.CreateApiToken(wanted, metadata=visitor.proof))
        except (InvalidRequest, Refused, NotAllowed) as error:
            return await self._show(request, visitor, error=error, name=form.get("name", ""))
        return await self._show(request, visitor, made=views.api_token(made.made) | {"token": made.api_token})

    async def revoke(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        revoke = pb.RevokeApiTokenRequest(token_id=request.path_params["token_id"][:64])
        try:
            await ask(self._tokens.RevokeApiToken(revoke, metadata=visitor.proof))
        except (NotAllowed, NotFound) as error:
            return await self._show(request, visitor, error=error)
        told = "That token is revoked. What was signed for it ends within a minute."
        return self._desk.pages.go("/team/tokens", Message("good", told))

    async def _show(
        self,
        request: Request,
        visitor: Visitor,
        *,
        error: AppError | None = None,
        name: str = "",
        made: View | None = None,
    ) -> Response:
        found = await ask(self._tokens.ListApiTokens(pb.ListApiTokensRequest(), metadata=visitor.proof))
        most = min(visitor.role, access_pb2.ROLE_ADMIN)
        return self._desk.pages.show(
            request,
            "api_tokens.html",
            visitor,
            status=status_of(error) if error else 200,
            tokens=[views.api_token(each) for each in found.tokens],
            roles=[word for word in wording.ROLE_LABELS if wording.role_of(word) <= most],
            lives=_LIVES,
            address=self._desk.settings.address,
            trouble=error.say if error else "",
            name=name[:60],
            made=made,
        )
