"""Who is looking: the session cookie or an API token, and what auth says about it."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway.addresses import client_of
from gateway.neighbours import Neighbours, ask
from gateway.settings import Settings
from ledgerport.auth.v1 import api_tokens_pb2, people_pb2
from ledgerport.common.v1 import access_pb2
from ledgerport_libs.errors import NotAllowed, NotSignedIn
from ledgerport_libs.rpc import on_behalf_of

BUSINESS_COOKIE = "ledgerport_business"
API_TOKEN_PREFIX = "lp_"  # noqa: S105
_LONGEST_TOKEN = 512
_MOST_CACHED = 5000


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in person, acting in one of their Businesses; or a program with an API token of theirs.

    `business_id` is empty for a person who belongs to none.
    """

    user_id: str
    email: str
    name: str
    session_id: str
    business_id: str
    business_name: str
    role: access_pb2.Role.ValueType
    memberships: Sequence[people_pb2.Membership]
    proof: tuple[tuple[str, str], ...]
    program: bool = False

    def may(self, least: access_pb2.Role.ValueType) -> bool:
        return self.role >= least

    def require(self, least: access_pb2.Role.ValueType) -> None:
        """NotAllowed below this role. The services ask again by themselves."""
        if not self.may(least):
            raise NotAllowed(f"role {self.role} of {self.user_id} is below {least}")

    @property
    def can_work(self) -> bool:
        return self.may(access_pb2.ROLE_BOOKKEEPER)

    @property
    def can_manage(self) -> bool:
        return self.may(access_pb2.ROLE_ADMIN)


class Sessions:
    """Turns the cookie into a Visitor; auth's answer is kept for a few seconds."""

    def __init__(self, neighbours: Neighbours, settings: Settings) -> None:
        self._people, self._api_tokens, self._settings = neighbours.people, neighbours.api_tokens, settings
        self._known: OrderedDict[tuple[bytes, str], tuple[Visitor, float]] = OrderedDict()
        self.cookie = "__Host-ledgerport" if settings.https else "ledgerport"
        self._business_cookie = f"__Host-{BUSINESS_COOKIE}" if settings.https else BUSINESS_COOKIE

    def token(self, request: Request) -> str:
        return request.cookies.get(self.cookie, "")[:_LONGEST_TOKEN]

    async def visitor(self, request: Request) -> Visitor:
        """NotSignedIn without a living session."""
        business_id = request.cookies.get(self._business_cookie, "")[:64]
        client = client_of(request, self._settings.forwarded_hops)
        return await self.resolve(self.token(request), business_id, client)

    async def program(self, token: str) -> Visitor:
        """The person for whom a program calls with this API token; NotSignedIn where the token does not work."""
        if not token.startswith(API_TOKEN_PREFIX) or not token.isascii() or len(token) > _LONGEST_TOKEN:
            raise NotSignedIn("no API token", reason="API_TOKEN_INVALID", say="This API token does not work.")
        key = (_digest(token), API_TOKEN_PREFIX)
        visitor, until = self._known.get(key, (None, 0.0))
        if visitor is None or time.monotonic() >= until:
            request = api_tokens_pb2.ExchangeApiTokenRequest(api_token=token)
            known = await ask(self._api_tokens.ExchangeApiToken(request))
            visitor = Visitor(
                user_id=known.person.user_id,
                email=known.person.email,
                name=known.person.name,
                session_id=f"api:{known.token_id}",
                business_id=known.current.business_id,
                business_name=known.current.business_name,
                role=known.current.role,
                memberships=(known.current,),
                proof=on_behalf_of(known.caller_token),
                program=True,
            )
            self._keep(key, visitor)
        return visitor

    async def resolve(self, token: str, business_id: str, client: people_pb2.Client | None = None) -> Visitor:
        if not token or not token.isascii():
            raise NotSignedIn("no session cookie")
        key = (_digest(token), business_id)
        visitor, until = self._known.get(key, (None, 0.0))
        if visitor is not None and time.monotonic() < until:
            return visitor
        visitor = await self._ask(token, business_id, client)
        self._keep(key, visitor)
        return visitor

    def _keep(self, key: tuple[bytes, str], visitor: Visitor) -> None:
        self._known[key] = (visitor, time.monotonic() + self._settings.session_cache_seconds)
        self._known.move_to_end(key)
        if len(self._known) > _MOST_CACHED:
            self._known.popitem(last=False)

    def look_again(self, user_id: str) -> None:
        """What was known of a person is old: their roles, Businesses or sessions have changed."""
        for key in [key for key, (visitor, _) in self._known.items() if visitor.user_id == user_id]:
            del self._known[key]

    async def _ask(self, token: str, business_id: str, client: people_pb2.Client | None) -> Visitor:
        request = people_pb2.ResolveSessionRequest(session_token=token, business_id=business_id, client=client)
        try:
            known = await ask(self._people.ResolveSession(request))
        except NotAllowed:  # the cookie names a Business that this person does not, or no longer, belong to
            if not business_id:
                raise
            anywhere = people_pb2.ResolveSessionRequest(session_token=token, client=client)
            known = await ask(self._people.ResolveSession(anywhere))
        return Visitor(
            user_id=known.person.user_id,
            email=known.person.email,
            name=known.person.name,
            session_id=known.session_id,
            business_id=known.current.business_id,
            business_name=known.current.business_name,
            role=known.current.role,
            memberships=tuple(known.memberships),
            proof=on_behalf_of(known.caller_token),
        )

    async def end(self, token: str) -> None:
        """The session is over at auth, and here at once."""
        digest = _digest(token)
        for key in [key for key in self._known if key[0] == digest]:
            del self._known[key]
        await ask(self._people.SignOut(people_pb2.SignOutRequest(session_token=token)))

    def remember(self, response: Response, token: str, expires_at: int) -> None:
        """Give the browser its session; an earlier choice of Business is forgotten."""
        response.set_cookie(
            self.cookie,
            token,
            max_age=max(0, expires_at - int(time.time())),
            path="/",
            secure=self._settings.https,
            httponly=True,
            samesite="lax",
        )
        response.delete_cookie(
            self._business_cookie, path="/", secure=self._settings.https, httponly=True, samesite="lax"
        )

    def forget(self, response: Response) -> None:
        for name in (self.cookie, self._business_cookie):
            response.delete_cookie(name, path="/", secure=self._settings.https, httponly=True, samesite="lax")

    def choose(self, response: Response, business_id: str) -> None:
        """From now on the person acts in this Business."""
        response.set_cookie(
            self._business_cookie,
            business_id,
            max_age=365 * 24 * 3600,
            path="/",
            secure=self._settings.https,
            httponly=True,
            samesite="lax",
        )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
