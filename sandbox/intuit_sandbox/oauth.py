"""Intuit's OAuth servers: discovery, the authorize pages, tokens, revoke and userinfo."""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.templating import Jinja2Templates

from intuit_sandbox import answers, clock, wire
from intuit_sandbox.books import Books
from intuit_sandbox.grants import Grant, Grants, InvalidGrant
from intuit_sandbox.idtoken import IdTokens
from intuit_sandbox.logbook import Logbook
from intuit_sandbox.rehearsal import Rehearsal
from intuit_sandbox.settings import RegisteredApp

SCOPES = frozenset(
    {
        "com.intuit.quickbooks.accounting",
        "com.intuit.quickbooks.payment",
        "openid",
        "profile",
        "email",
        "phone",
        "address",
    }
)
FLOW_LIFE = 1800


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who may sign in at the stand-in."""

    email: str
    password: str
    given: str
    family: str
    subject: str


PEOPLE = {
    person.email: person
    for person in (
        Person("owner@sandbox.test", "sandbox", "Craig", "Carlson", "8f0c0001-owner"),
        Person("accountant@sandbox.test", "sandbox", "Ada", "Ledger", "8f0c0002-accountant"),
    )
}


@dataclass(slots=True)
class Flow:
    """One visit to the authorize page."""

    app: RegisteredApp
    redirect_uri: str
    state: str
    scopes: list[str]
    until: float
    person: Person | None = None

    def back(self, **members: str) -> Response:
        query = {**members, "state": self.state} if self.state else members
        joint = "&" if "?" in self.redirect_uri else "?"
        return RedirectResponse(f"{self.redirect_uri}{joint}{urlencode(query)}", 303)


class OAuth:
    """Everything a browser or an app meets before it may call the API."""

    def __init__(
        self,
        base_url: str,
        grants: Grants,
        companies: dict[str, Books],
        pages: Jinja2Templates,
        id_tokens: IdTokens,
        rehearsal: Rehearsal,
        log: Logbook,
    ) -> None:
        self.base_url = base_url
        self._grants, self._companies, self._pages = grants, companies, pages
        self._id_tokens, self._rehearsal, self._log = id_tokens, rehearsal, log
        self._flows: dict[str, Flow] = {}

    async def discovery(self, request: Request) -> Response:
        base = self.base_url
        return self._answer(
            request,
            JSONResponse(
                {
                    "issuer": self._id_tokens.issuer,
                    "authorization_endpoint": f"{base}/connect/oauth2",
                    "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
                    "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
                    "jwks_uri": f"{base}/op/v1/jwks",
                    "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "scopes_supported": ["openid", "email", "profile", "address", "phone"],
                    "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                    "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
                }
            ),
        )

    async def jwks(self, request: Request) -> Response:
        return self._answer(request, JSONResponse(self._id_tokens.jwks()))

    async def authorize(self, request: Request) -> Response:
        """The sign-in page; a wrong app or address is told here and never sent back."""
        asked = request.query_params
        app = self._grants.apps.get(asked.get("client_id", ""))
        if app is None:
            return self._refused(request, "The client_id is not one of a registered app.")
        if asked.get("redirect_uri", "") not in app.redirect_uris:
            return self._refused(request, "The redirect_uri is not registered for this app.")
        now = clock.now()
        self._flows = {key: flow for key, flow in self._flows.items() if flow.until > now}
        scopes = asked.get("scope", "").split()
        flow = Flow(app, asked["redirect_uri"], asked.get("state", ""), scopes, now + FLOW_LIFE)
        if asked.get("response_type") != "code":
            return self._answer(request, flow.back(error="unsupported_response_type"))
        if not scopes or not set(scopes) <= SCOPES:
            return self._answer(request, flow.back(error="invalid_scope"))
        key = secrets.token_urlsafe(24)
        self._flows[key] = flow
        return self._page(request, "signin.html", key, flow, people=PEOPLE.values())

    async def sign_in(self, request: Request) -> Response:
        form = await request.form()
        key = str(form.get("flow", ""))
        flow = self._flows.get(key)
        if flow is None:
            return self._refused(request, "This sign-in has expired. Start again from the app.")
        if form.get("action") == "cancel":
            return self._denied(request, key, flow)
        person = PEOPLE.get(str(form.get("email", "")).strip().lower())
        if person is None or person.password != form.get("password"):
            return self._page(
                request,
                "signin.html",
                key,
                flow,
                401,
                people=PEOPLE.values(),
                error="That e-mail and password do not match.",
            )
        flow.person = person
        return self._page(request, "consent.html", key, flow, companies=self._choices())

    async def consent(self, request: Request) -> Response:
        form = await request.form()
        key = str(form.get("flow", ""))
        flow = self._flows.get(key)
        if flow is None or flow.person is None:
            return self._refused(request, "This sign-in has expired. Start again from the app.")
        if form.get("action") == "cancel":
            return self._denied(request, key, flow)
        realm = str(form.get("realm_id", ""))
        if form.get("action") != "authorize" or realm not in self._companies:
            return self._page(
                request, "consent.html", key, flow, 400, companies=self._choices(), error="Choose a company."
            )
        del self._flows[key]
        code = self._grants.issue_code(flow.app.client_id, flow.redirect_uri, realm, flow.person.email, flow.scopes)
        return self._answer(request, flow.back(code=code, realmId=realm))

    async def token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        grant_type = form.get("grant_type", "")
        if order := self._rehearsal.take("token", "", "POST", grant_type, ""):
            if order.answer not in ("delay", "cut_after", "delay_then_cut_after"):
                spoiled = (
                    wire.Cut()
                    if order.answer == "cut_before"
                    else {
                        "html_503": answers.unavailable,
                        "xml_429": answers.throttled,
                    }.get(order.answer, _broken)()
                )
                return self._answer(request, spoiled)
            await asyncio.sleep(order.seconds)
            response = self._issued(request, form, grant_type)
            return self._answer(request, response if order.answer == "delay" else wire.Cut())
        return self._answer(request, self._issued(request, form, grant_type))

    def _issued(self, request: Request, form: dict[str, str], grant_type: str) -> Response:
        app = self._app(request, form)
        if app is None:
            return JSONResponse({"error": "invalid_client"}, 401)
        try:
            if grant_type == "authorization_code":
                grant, answer = self._grants.exchange(app, form.get("code", ""), form.get("redirect_uri", ""))
                if "openid" in grant.scopes:
                    answer["id_token"] = self._id_tokens.issue(PEOPLE[grant.user].subject, app.client_id, grant.realm)
            elif grant_type == "refresh_token":
                grant, answer = self._grants.refresh(app, form.get("refresh_token", ""))
            else:
                return JSONResponse({"error": "unsupported_grant_type"}, 400)
        except InvalidGrant as cause:
            return JSONResponse({"error": "invalid_grant", "error_description": str(cause)}, 400)
        if request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() == "true":
            answer["x_refresh_token_hard_expires_in"] = self._grants.hard_expiry(grant)
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def revoke(self, request: Request) -> Response:
        """Ends the app's access to the company of this token: 200 empty, 400 if it is dead already."""
        body = await request.body()
        form = {name: str(value) for name, value in (await request.form()).items()}
        app = self._app(request, form)
        if app is None:
            return self._answer(request, JSONResponse({"error": "invalid_client"}, 401))
        try:
            token = form.get("token") or msgspec.json.decode(body).get("token", "")
        except (msgspec.DecodeError, AttributeError):
            token = ""
        grant = self._grants.owner_of(str(token))
        if grant is None or grant.client_id != app.client_id:
            return self._answer(request, JSONResponse({"error": "invalid_token"}, 400))
        self._grants.end_company(grant.realm, grant.client_id)
        return self._answer(request, Response(status_code=200))

    async def userinfo(self, request: Request) -> Response:
        grant = self._grants.bearer(request.headers.get("authorization", "").removeprefix("Bearer "))
        if grant is None or "openid" not in grant.scopes:
            return self._answer(request, answers.gateway_refusal(401, "3200", "AuthenticationFailed", "Token expired"))
        return self._answer(request, JSONResponse(_about(PEOPLE[grant.user], grant)))

    def _app(self, request: Request, form: dict[str, str]) -> RegisteredApp | None:
        scheme, _, packed = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                client, _, secret = base64.b64decode(packed, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            # Some clients form-encode the pair before packing it, as RFC 6749 wants.
            return self._grants.authenticated(client, secret) or self._grants.authenticated(
                unquote(client), unquote(secret)
            )
        return self._grants.authenticated(form.get("client_id", ""), form.get("client_secret", ""))

    def _choices(self) -> list[Any]:
        return [books.profile for books in self._companies.values()]

    def _denied(self, request: Request, key: str, flow: Flow) -> Response:
        del self._flows[key]
        return self._answer(request, flow.back(error="access_denied"))

    def _refused(self, request: Request, why: str) -> Response:
        return self._answer(request, self._pages.TemplateResponse(request, "refused.html", {"why": why}, 400))

    def _page(self, request: Request, name: str, key: str, flow: Flow, status: int = 200, **shown: Any) -> Response:
        context = {"flow": key, "app": flow.app.client_id, "person": flow.person, "scopes": flow.scopes, **shown}
        return self._answer(request, self._pages.TemplateResponse(request, name, context, status))

    def _answer(self, request: Request, response: Response) -> Response:
        self._log.note(clock.now(), request.method, request.url.path, response.status_code)
        return answers.traced(response, answers.trace_id())


def _broken() -> Response:
    return JSONResponse({"error": "server_error"}, 500)


def _about(person: Person, grant: Grant) -> dict[str, Any]:
    about: dict[str, Any] = {"sub": person.subject}
    if "email" in grant.scopes:
        about |= {"email": person.email, "emailVerified": True}
    if "profile" in grant.scopes:
        about |= {"givenName": person.given, "familyName": person.family}
    return about
