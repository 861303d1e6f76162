"""Intuit's OAuth servers, reached through intuit-oauth, and the one read of QuickBooks that proves a company.

Intuit's package fetches the discovery document for each object, knows no time-outs, sets every member of an answer
as an attribute, and puts whole answers into its exceptions. Here each call has a client of its own that is told the
discovery document, sends with time-outs, hears only the members it may hear, and never lets an answer's text out.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError

from auth.http_calls import HttpCalls, trace_id_of
from auth.provider_answers import (
    AccessRefused,
    AccountFacts,
    AccountSuspended,
    GrantRefused,
    ProviderError,
    ProviderTrouble,
    TokenSet,
)
from auth.settings import INTUIT_DISCOVERY_URL
from ledgerport_libs import telemetry

log = telemetry.logger("intuit")

Endpoints = Mapping[str, str]
_NEEDED = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
)
# What Intuit's production document has said for years: good enough while it cannot be fetched.
_KNOWN: Endpoints = {
    "issuer": "https://oauth.platform.intuit.com/op/v1",
    "authorization_endpoint": "https://appcenter.intuit.com/connect/oauth2",
    "token_endpoint": "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
    "revocation_endpoint": "https://developer.api.intuit.com/v2/oauth2/tokens/revoke",
    "jwks_uri": "https://oauth.platform.intuit.com/op/v1/jwks",
    "userinfo_endpoint": "https://accounts.platform.intuit.com/v1/openid_connect/userinfo",
}
_INTUITS_OWN = {INTUIT_DISCOVERY_URL, INTUIT_DISCOVERY_URL.replace("openid_", "openid_sandbox_")}
_HEARD = {
    "access_token",
    "refresh_token",
    "expires_in",
    "x_refresh_token_expires_in",
    "x_refresh_token_hard_expires_in",
}
_LONGEST_TOKEN = 8192


class Discovery:
    """The addresses of Intuit's OAuth servers, fetched in the background and kept."""

    def __init__(self, url: str, calls: HttpCalls) -> None:
        self._url, self._calls = url, calls
        self._endpoints: Endpoints | None = _KNOWN if url in _INTUITS_OWN else None

    async def endpoints(self) -> Endpoints:
        """What is known; fetched now only where nothing is known yet. ProviderTrouble where that fails."""
        if self._endpoints is None:
            await self.refresh()
        if self._endpoints is None:
            raise ProviderTrouble("the discovery document is not there")
        return self._endpoints

    async def refresh(self) -> None:
        """Fetch the document; ProviderTrouble where that fails, and what was known stays."""
        self._endpoints = await self._calls.off_loop(self._fetch)

    def _fetch(self) -> Endpoints:
        try:
            with requests.Session() as session:
                response = self._calls.send(session, "GET", self._url, headers={"Accept": "application/json"})
            document = response.json() if response.status_code == 200 else {}
        except (requests.RequestException, ValueError) as cause:
            raise ProviderTrouble(f"discovery failed: {type(cause).__name__}") from None
        if not isinstance(document, dict) or not all(isinstance(document.get(name), str) for name in _NEEDED):
            raise ProviderTrouble("discovery answered no document", status=response.status_code)
        return {name: document[name] for name in _NEEDED}


class _Client(AuthClient):  # type: ignore[misc] # intuit-oauth has no types
    """Intuit's client for one call: told the discovery document, with time-outs, deaf to unknown members."""

    def __init__(self, calls: HttpCalls, endpoints: Endpoints, client_id: str, secret: str, redirect: str) -> None:
        self._calls, self._told = calls, endpoints
        super().__init__(client_id, secret, redirect, environment="told")
        self.include_refresh_token_hard_expires_in = True
        self.trace_id = ""

    def get(self, url: str, **_arguments: Any) -> requests.Response:
        """The package's constructor asks for the discovery document here, and for nothing else."""
        return _response(200, self._told)

    def request(self, method: str, url: str, **arguments: Any) -> requests.Response:
        heard = self._calls.send(self, method, url, **arguments)
        self.trace_id = trace_id_of(heard)
        if heard.status_code != 200 or not heard.content:
            return heard
        members = heard.json()
        if not isinstance(members, dict):
            raise requests.exceptions.InvalidJSONError("no object")
        return _response(200, {name: members[name] for name in _HEARD if members.get(name) is not None})


def _response(status: int, members: Mapping[str, Any]) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = json.dumps(dict(members)).encode()
    return response


class _Answered(Protocol):
    access_token: Any
    refresh_token: Any
    expires_in: Any
    x_refresh_token_expires_in: Any
    x_refresh_token_hard_expires_in: Any
    trace_id: str


@dataclass(frozen=True, slots=True)
class IntuitApp:
    """Our app as it is registered at Intuit."""

    client_id: str
    client_secret: str
    redirect_uri: str
    api_url: str
    minor_version: int


class Intuit:
    """What auth asks of Intuit. Every method raises ProviderError; its text never holds an answer's body."""

    def __init__(self, app: IntuitApp, discovery: Discovery, calls: HttpCalls) -> None:
        self._app, self._discovery, self._calls = app, discovery, calls

    async def authorize_url(self, state: str) -> str:
        endpoints = await self._discovery.endpoints()
        with contextlib.closing(self._client(endpoints)) as client:
            return str(client.get_authorization_url([Scopes.ACCOUNTING], state))

    async def exchange(self, code: str, realm_id: str) -> TokenSet:
        """Tokens for a code. Ask once only: a second request with one code can end what the first one gave."""
        return await self._tokens("exchange", lambda client: client.get_bearer_token(code, realm_id))

    async def refresh(self, refresh_token: str) -> TokenSet:
        """New tokens for a refresh token; GrantRefused where it is worth nothing any more."""
        return await self._tokens("refresh", lambda client: client.refresh(refresh_token))

    async def revoke(self, token: str) -> None:
        """End our access. A token that is dead already is as good as revoked."""
        endpoints = await self._discovery.endpoints()

        def work() -> None:
            with contextlib.closing(self._client(endpoints)) as client:
                _asked("revoke", lambda: client.revoke(token))

        with contextlib.suppress(GrantRefused):
            await self._calls.off_loop(work)

    async def company(self, realm_id: str, access_token: str) -> AccountFacts:
        """The company of a realm. 200 proves that the token belongs to it."""
        return await self._calls.off_loop(lambda: self._read_company(realm_id, access_token))

    async def _tokens(self, what: str, ask: Callable[[_Client], object]) -> TokenSet:
        endpoints = await self._discovery.endpoints()

        def work() -> TokenSet:
            with contextlib.closing(self._client(endpoints)) as client:
                _asked(what, lambda: ask(client))
                return _token_set(what, client)

        return await self._calls.off_loop(work)

    def _client(self, endpoints: Endpoints) -> _Client:
        app = self._app
        return _Client(self._calls, endpoints, app.client_id, app.client_secret, app.redirect_uri)

    def _read_company(self, realm_id: str, access_token: str) -> AccountFacts:
        url = f"{self._app.api_url.rstrip('/')}/v3/company/{realm_id}/companyinfo/{realm_id}"
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        try:
            with requests.Session() as session:
                response = self._calls.send(
                    session, "GET", url, headers=headers, params={"minorversion": str(self._app.minor_version)}
                )
        except requests.RequestException as cause:
            raise ProviderTrouble(f"company read failed: {type(cause).__name__}") from None
        return _company(realm_id, response)


def _company(realm_id: str, response: requests.Response) -> AccountFacts:
    trace_id, status = trace_id_of(response), response.status_code
    try:
        body = response.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    code = _fault_code(body)
    if status in (401, 403) or code == "120":
        raise AccessRefused("the company is closed to this token", status=status, code=code, trace_id=trace_id)
    if code == "6190":
        raise AccountSuspended("the company's subscription has ended", status=status, code=code, trace_id=trace_id)
    info = body.get("CompanyInfo")
    if status != 200 or not isinstance(info, dict):
        log.warning("company_not_read", status=status, answer=code, intuit_tid=trace_id)
        raise ProviderTrouble("company read failed", status=status, code=code, trace_id=trace_id)
    name, country = str(info.get("CompanyName") or "")[:200], str(info.get("Country") or "")[:10]
    return AccountFacts(realm_id, realm_id, name or f"Company {realm_id}", country=country)


def _fault_code(body: Mapping[str, Any]) -> str:
    """The code of the first fault, whose envelope is written in either case."""
    fault = body.get("Fault") or body.get("fault")
    errors = (fault.get("Error") or fault.get("error")) if isinstance(fault, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return str(first.get("code", ""))[:20]


def _asked(what: str, ask: Callable[[], object]) -> None:
    """Do it and tell its failures apart. Raised outside of the handler: not even the context keeps the body."""
    failure: ProviderError | None = None
    try:
        ask()
    except AuthClientError as error:
        failure = _verdict(what, int(error.status_code), error.response)
    except (requests.RequestException, ValueError) as error:
        failure = ProviderTrouble(f"{what} failed: {type(error).__name__}")
    if failure is not None:
        log.warning(
            "intuit_refused", what=what, status=failure.status, answer=failure.code, intuit_tid=failure.trace_id
        )
        raise failure


def _verdict(what: str, status: int, response: requests.Response) -> ProviderError:
    trace_id = trace_id_of(response)
    try:
        named = response.json().get("error", "")
    except (ValueError, AttributeError):
        named = ""
    code = named if named in {"invalid_grant", "invalid_client", "invalid_request", "invalid_token"} else ""
    final = code in ("invalid_grant", "invalid_token") or (what == "revoke" and status == 400)
    kind = GrantRefused if status == 400 and final else ProviderTrouble
    return kind(f"{what} refused", status=status, code=code, trace_id=trace_id)


def _token_set(what: str, client: _Answered) -> TokenSet:
    now = datetime.fromtimestamp(time.time(), UTC)
    access, refresh = client.access_token, client.refresh_token
    if not (_is_token(access) and _is_token(refresh)):
        raise ProviderTrouble(f"{what} answered no tokens", status=200, trace_id=client.trace_id)
    telemetry.redactor.remember(access)
    telemetry.redactor.remember(refresh)
    hard = client.x_refresh_token_hard_expires_in
    try:
        return TokenSet(
            access=access,
            refresh=refresh,
            received_at=now,
            expires_at=now + timedelta(seconds=int(client.expires_in)),
            refresh_expires_at=now + timedelta(seconds=int(client.x_refresh_token_expires_in)),
            hard_expires_at=now + timedelta(seconds=int(hard)) if hard is not None else None,
            scopes=Scopes.ACCOUNTING.value,
            trace_id=client.trace_id,
        )
    except (TypeError, ValueError, OverflowError):
        raise ProviderTrouble(f"{what} answered no deadlines", status=200, trace_id=client.trace_id) from None


def _is_token(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_TOKEN
