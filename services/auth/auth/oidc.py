"""An OpenID Connect provider, reached through Authlib: where to send a browser, and who came back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from auth.http_calls import HttpCalls
from auth.people_settings import PeopleSettings
from ledgerport_libs import telemetry
from ledgerport_libs.errors import PassingTrouble, Refused

log = telemetry.logger("oidc")
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_KEPT_SECONDS = 3600.0
_CLOCK_SKEW = 60
_NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
Document = Mapping[str, Any]


class SignOnFailed(Refused):
    reason = "EXCHANGE_FAILED"
    say = "The sign-in was not completed by your provider. Please try again."


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a provider says that somebody is; `subject` is for good, everything else may change."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str


class _Session(OAuth2Session):  # type: ignore[misc] # Authlib carries no types
    """Authlib's session, sending as all our calls are sent: bounded, and following nobody."""

    def __init__(self, calls: HttpCalls, **options: Any) -> None:
        super().__init__(**options)
        self._calls = calls

    def request(self, method: str, url: str, **arguments: Any) -> requests.Response:
        kept = {name: arguments[name] for name in ("data", "headers", "auth", "params") if name in arguments}
        auth = kept.get("auth")
        if auth is None and not arguments.get("withhold_token") and self.token:
            kept["auth"] = self.token_auth
        return self._calls.send(self, method, url, **kept)


class OpenIdProvider:
    """Authorization code with PKCE, state and nonce. SignOnFailed, or PassingTrouble where it does not answer."""

    def __init__(self, settings: PeopleSettings, calls: HttpCalls) -> None:
        self._settings, self._calls = settings, calls
        self._document: Document = {}
        self._keys: KeySet | None = None
        self._read_at = 0.0

    @property
    def configured(self) -> bool:
        return bool(self._settings.oidc_issuer)

    async def authorize_url(self, state: str, nonce: str, verifier: str) -> str:
        document = await self._known()
        with contextlib.closing(self._session(document)) as session:
            url, _ = session.create_authorization_url(
                document["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
            return str(url)

    async def identify(self, code: str, nonce: str, verifier: str, issuer: str) -> Identity:
        """Who came back with this code. `issuer` is what the browser brought, if anything (RFC 9207)."""
        document = await self._known()
        if (issuer or document.get("authorization_response_iss_parameter_supported")) and issuer != document["issuer"]:
            raise SignOnFailed("another issuer answered")
        return await self._calls.off_loop(lambda: self._identify(document, code, nonce, verifier))

    def _identify(self, document: Document, code: str, nonce: str, verifier: str) -> Identity:
        with contextlib.closing(self._session(document)) as session:
            try:
                token = session.fetch_token(
                    document["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
                )
                claims = self._proved(str(token.get("id_token") or ""), nonce)
                if "email" not in claims and document.get("userinfo_endpoint"):
                    claims = {**claims, **self._user_info(session, document, claims["sub"])}
            except (AuthlibBaseError, JoseError, ValueError, KeyError) as cause:
                log.warning("sign_on_failed", error=type(cause).__name__)
                raise SignOnFailed(type(cause).__name__) from None
            except requests.RequestException as cause:
                raise PassingTrouble(f"provider: {type(cause).__name__}") from None
        return Identity(
            issuer=str(document["issuer"]),
            subject=str(claims["sub"])[:255],
            email=str(claims.get("email") or "").strip().lower(),
            # Some providers write their booleans as text.
            email_verified=claims.get("email_verified") is True or claims.get("email_verified") == "true",
            name=str(claims.get("name") or "")[:120],
        )

    def _proved(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token that the provider signed for us, for this browser, just now."""
        if self._keys is None:
            self._read_keys()
        try:
            token = jwt.decode(id_token, self._key_set(), algorithms=_ALGORITHMS)
        except (JoseError, ValueError):  # perhaps its keys were rotated: look once more
            self._read_keys()
            token = jwt.decode(id_token, self._key_set(), algorithms=_ALGORITHMS)
        client_id = self._settings.oidc_client_id
        rules = jwt.JWTClaimsRegistry(
            leeway=_CLOCK_SKEW,
            iss={"essential": True, "value": self._document["issuer"]},
            aud={"essential": True, "value": client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        rules.validate(token.claims)
        audience = token.claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and token.claims.get("azp") != client_id:
            raise ValueError("made for several, and not for us")
        return dict(token.claims)

    def _user_info(self, session: _Session, document: Document, subject: object) -> dict[str, Any]:
        """Providers may tell the e-mail here only; the subject must be the same (OpenID Connect Core 5.3.2)."""
        told = _object(session.request("GET", document["userinfo_endpoint"]))
        if told.get("sub") != subject:
            raise ValueError("user info of somebody else")
        return {name: told[name] for name in ("email", "email_verified", "name") if name in told}

    async def _known(self) -> Document:
        if not self.configured:
            raise Refused("no provider", reason="NO_SINGLE_SIGN_ON", say="Single sign-on is not set up here.")
        if not self._document or time.monotonic() - self._read_at > _KEPT_SECONDS:
            await self._calls.off_loop(self._discover)
        return self._document

    def _discover(self) -> None:
        issuer = self._settings.oidc_issuer
        try:
            document = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if any(not isinstance(document.get(name), str) for name in _NEEDED) or document["issuer"] != issuer:
                raise ValueError("not this issuer's document")
        except (requests.RequestException, ValueError) as cause:
            if self._document:  # an older one is good enough while this one cannot be read
                self._read_at = time.monotonic()
                return
            log.warning("discovery_failed", error=type(cause).__name__)
            raise PassingTrouble("discovery failed", say="Your sign-in provider does not answer.") from None
        self._document, self._keys, self._read_at = document, None, time.monotonic()

    def _read_keys(self) -> None:
        self._keys = KeySet.import_key_set(self._get(self._document["jwks_uri"]))  # type: ignore[arg-type]

    def _key_set(self) -> KeySet:
        if self._keys is None:
            raise ValueError("no keys")
        return self._keys

    def _get(self, url: str) -> dict[str, Any]:
        with requests.Session() as session:
            return _object(self._calls.send(session, "GET", url, headers={"Accept": "application/json"}))

    def _session(self, document: Document) -> _Session:
        methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        return _Session(
            self._calls,
            client_id=self._settings.oidc_client_id,
            client_secret=self._settings.oidc_client_secret.get_secret_value(),
            token_endpoint_auth_method=method,
            scope="openid email profile",
            redirect_uri=self._settings.sign_on_redirect,
            code_challenge_method="S256",
        )


def _object(response: requests.Response) -> dict[str, Any]:
    content = response.json() if response.status_code == 200 else None
    if not isinstance(content, dict):
        raise ValueError(f"no JSON object, status {response.status_code}")
    return content
