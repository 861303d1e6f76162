"""What every page needs, in one hand; and the door that each signed-in page goes through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.forms import Form, Forms
from gateway.limits import Limits
from gateway.neighbours import Neighbours
from gateway.options import Options
from gateway.pages import LIVE_HEADER, Pages
from gateway.sessions import Sessions, Visitor
from gateway.settings import Settings
from gateway.zones import Zones
from ledgerport_libs.errors import NotSignedIn

NO_BUSINESS = "/businesses/new"
Endpoint = Callable[[Request], Awaitable[Response]]
Seen = Callable[[Request, Visitor], Awaitable[Response]]
Posted = Callable[[Request, Visitor, Form], Awaitable[Response]]
Uploaded = Callable[[Request, Visitor, Form, bytes], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Desk:
    settings: Settings
    neighbours: Neighbours
    sessions: Sessions
    forms: Forms
    pages: Pages
    limits: Limits
    options: Options
    zones: Zones

    def seen(self, page: Seen, *, anywhere: bool = False) -> Endpoint:
        """A page for signed-in people; others are sent to sign in and come back.

        Whoever belongs to no Business sees only what is `anywhere`.
        """

        async def endpoint(request: Request) -> Response:
            try:
                visitor = await self.sessions.visitor(request)
            except NotSignedIn:
                if LIVE_HEADER in request.headers:
                    raise
                return self._to_sign_in(request)
            if not visitor.business_id and not anywhere:
                return RedirectResponse(NO_BUSINESS, 303)
            request.state.zone = await self.zones.of(visitor)
            return await page(request, visitor)

        return endpoint

    def posted(self, action: Posted, *, anywhere: bool = False) -> Endpoint:
        """A form of signed-in people, proved to come from a page of theirs before anything is done."""

        async def endpoint(request: Request) -> Response:
            try:
                visitor = await self.sessions.visitor(request)
            except NotSignedIn:
                return RedirectResponse("/sign-in", 303)
            form = await self.forms.read(request, visitor.session_id)
            self.limits.person(visitor.user_id)
            if not visitor.business_id and not anywhere:
                return RedirectResponse(NO_BUSINESS, 303)
            request.state.zone = await self.zones.of(visitor)
            return await action(request, visitor, form)

        return endpoint

    def uploaded(self, action: Uploaded, field: str) -> Endpoint:
        """A form with a file, proved in the same way."""

        async def endpoint(request: Request) -> Response:
            try:
                visitor = await self.sessions.visitor(request)
            except NotSignedIn:
                return RedirectResponse("/sign-in", 303)
            form, content = await self.forms.read_upload(request, visitor.session_id, field)
            self.limits.person(visitor.user_id)
            if not visitor.business_id:
                return RedirectResponse(NO_BUSINESS, 303)
            request.state.zone = await self.zones.of(visitor)
            return await action(request, visitor, form, content)

        return endpoint

    def _to_sign_in(self, request: Request) -> Response:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/sign-in" if here == "/" else f"/sign-in?next={quote(here, safe='/')}", 303)


def one(request: Request, name: str, longest: int = 500) -> str:
    """The first value of a query parameter, bounded; empty when it is not there."""
    return request.query_params.get(name, "")[:longest].replace("\0", "")
