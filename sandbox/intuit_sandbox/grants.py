"""Who may call what: registered apps, codes, and the token families of each app and company."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from intuit_sandbox import clock
from intuit_sandbox.settings import Knobs, RegisteredApp
from intuit_sandbox.store import Store

FIVE_YEARS = 157_680_000


class InvalidGrant(Exception):
    """The code or refresh token is unknown, used, expired or revoked."""


@dataclass(slots=True)
class Grant:
    """One consent of one person for one app in one company, with all tokens ever issued from it that still count.

    `refresh` maps each value to [issued at, superseded at or 0]; `access` maps each value to its end.
    """

    id: str
    client_id: str
    realm: str
    user: str
    scopes: list[str]
    consented: float
    refresh: dict[str, list[float]] = field(default_factory=dict)
    access: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Code:
    """An authorization code; after its exchange it keeps the grant it made."""

    client_id: str
    redirect_uri: str
    realm: str
    user: str
    scopes: list[str]
    until: float
    nonce: str = ""
    grant: str = ""


class Grants:
    """Issues, rotates, checks and ends tokens; each change is stored before it is answered."""

    def __init__(self, store: Store, knobs: Knobs, apps: list[RegisteredApp]) -> None:
        self._store, self._knobs = store, knobs
        self.apps = {app.client_id: app for app in apps}
        self._codes = {key: Code(**body) for key, body in store.load_grants("code").items()}
        self._grants = {key: Grant(**body) for key, body in store.load_grants("grant").items()}
        self._by_access = {token: grant for grant in self._grants.values() for token in grant.access}
        self._by_refresh = {token: grant for grant in self._grants.values() for token in grant.refresh}

    def authenticated(self, client_id: str, secret: str) -> RegisteredApp | None:
        app = self.apps.get(client_id)
        return app if app and secrets.compare_digest(app.client_secret, secret) else None

    def issue_code(self, client_id: str, redirect_uri: str, realm: str, user: str, scopes: list[str]) -> str:
        key = "AB11" + secrets.token_urlsafe(36)
        self._codes[key] = Code(client_id, redirect_uri, realm, user, scopes, clock.now() + self._knobs.code_life)
        self._store.save_grant("code", key, asdict(self._codes[key]))
        return key

    def exchange(self, app: RegisteredApp, key: str, redirect_uri: str) -> tuple[Grant, dict[str, Any]]:
        """Tokens for a code, once. A second try ends what the first one gave."""
        code = self._codes.get(key)
        if code is None or code.client_id != app.client_id:
            raise InvalidGrant("Invalid authorization code")
        if code.grant:
            if grant := self._grants.get(code.grant):
                self.end(grant)
            raise InvalidGrant("Authorization code already used")
        if code.redirect_uri != redirect_uri or code.until < clock.now():
            raise InvalidGrant("Invalid authorization code")
        if self._knobs.second_grant_retires_first:
            self.end_company(code.realm, app.client_id)
        grant = Grant(secrets.token_hex(8), app.client_id, code.realm, code.user, code.scopes, clock.now())
        self._grants[grant.id] = grant
        code.grant = grant.id
        with self._store.transaction():
            self._store.save_grant("code", key, asdict(code))
            answer = self._issue(grant, self._new_refresh(grant))
        return grant, answer

    def refresh(self, app: RegisteredApp, value: str) -> tuple[Grant, dict[str, Any]]:
        """New tokens for a refresh token; its value changes once it is older than the rotation age."""
        grant, now = self._by_refresh.get(value), clock.now()
        if grant is None or grant.client_id != app.client_id:
            raise InvalidGrant("Incorrect or invalid refresh token")
        issued, superseded = grant.refresh[value]
        dead = superseded and superseded + self._knobs.refresh_grace <= now
        if dead or issued + self._knobs.refresh_token_life <= now or grant.consented + FIVE_YEARS <= now:
            raise InvalidGrant("Incorrect or invalid refresh token")
        current = next(token for token, (_, gone) in grant.refresh.items() if not gone)
        if not superseded and issued + self._knobs.refresh_rotation_age <= now:
            grant.refresh[value][1] = now
            current = self._new_refresh(grant)
        return grant, self._issue(grant, current)

    def _new_refresh(self, grant: Grant) -> str:
        value = f"RT1-{secrets.randbelow(900) + 100}-H0-{int(clock.now())}{secrets.token_hex(12)}"
        grant.refresh[value] = [clock.now(), 0.0]
        self._by_refresh[value] = grant
        return value

    def _issue(self, grant: Grant, refresh: str) -> dict[str, Any]:
        now = clock.now()
        for old in [token for token, until in grant.access.items() if until < now]:
            del grant.access[old]
        access = "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.." + secrets.token_urlsafe(64)
        grant.access[access] = now + self._knobs.access_token_life
        self._by_access[access] = grant
        self._store.save_grant("grant", grant.id, asdict(grant))
        ends = grant.refresh[refresh][0] + self._knobs.refresh_token_life
        return {
            "token_type": "bearer",
            "expires_in": int(self._knobs.access_token_life),
            "refresh_token": refresh,
            "x_refresh_token_expires_in": max(0, int(ends - now)),
            "access_token": access,
        }

    def hard_expiry(self, grant: Grant) -> int:
        return max(0, int(grant.consented + FIVE_YEARS - clock.now()))

    def bearer(self, token: str) -> Grant | None:
        """The living grant of an access token that has not expired."""
        grant = self._by_access.get(token)
        return grant if grant and grant.access.get(token, 0) > clock.now() else None

    def owner_of(self, token: str) -> Grant | None:
        return self._by_refresh.get(token) or self._by_access.get(token)

    def end(self, grant: Grant) -> None:
        """End one consent: every token of it is dead at once."""
        for token in grant.access:
            self._by_access.pop(token, None)
        for token in grant.refresh:
            self._by_refresh.pop(token, None)
        self._grants.pop(grant.id, None)
        self._store.drop_grant("grant", grant.id)

    def of_company(self, realm: str, client_id: str | None = None) -> list[Grant]:
        return [g for g in self._grants.values() if g.realm == realm and client_id in (None, g.client_id)]

    def end_company(self, realm: str, client_id: str | None = None) -> int:
        """End an app's access to a company (or that of all apps), as revoke and Disconnect do."""
        ended = self.of_company(realm, client_id)
        for grant in ended:
            self.end(grant)
        return len(ended)

    def expire_access(self, realm: str, client_id: str | None = None) -> int:
        """Let the access tokens of a company expire now."""
        grants = self.of_company(realm, client_id)
        for grant in grants:
            grant.access = dict.fromkeys(grant.access, 0.0)
            self._store.save_grant("grant", grant.id, asdict(grant))
        return len(grants)

    def kill_refresh(self, realm: str, client_id: str | None = None) -> int:
        """Let the refresh tokens of a company die; access tokens live on until they expire."""
        grants = self.of_company(realm, client_id)
        for grant in grants:
            for token in grant.refresh:
                self._by_refresh.pop(token, None)
            grant.refresh = {}
            self._store.save_grant("grant", grant.id, asdict(grant))
        return len(grants)

    def age_refresh(self, realm: str, seconds: float, client_id: str | None = None) -> int:
        """Make consents and refresh tokens of a company older, to reach rotation, grace or expiry."""
        grants = self.of_company(realm, client_id)
        for grant in grants:
            grant.consented -= seconds
            grant.refresh = {t: [i - seconds, s - seconds if s else 0.0] for t, (i, s) in grant.refresh.items()}
            self._store.save_grant("grant", grant.id, asdict(grant))
        return len(grants)
