"""The apps that may be installed, their installations, codes and tokens.

Rules follow Shopify's documentation of offline access tokens: codes work once; refreshing gives a new
pair; a used refresh token may be sent again while its replacement is unused; a new code grant ends
the earlier refresh tokens of that app in that store.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import msgspec

from shopify_sandbox.clock import Clock
from shopify_sandbox.journal import Journal
from shopify_sandbox.settings import Client, Settings

REALM = "apps"
CODE_SECONDS = 600


class Refusal(Exception):
    """A token request that Shopify would refuse: HTTP status, error code, text."""

    def __init__(self, status: int, error: str, text: str) -> None:
        super().__init__(text)
        self.status, self.error = status, error


class Code(msgspec.Struct, kw_only=True):
    value: str
    client_id: str
    shop: str
    scope: str
    expires_at: datetime


class Token(msgspec.Struct, kw_only=True):
    """An access token; without `expires_at` it lives until uninstall."""

    value: str
    client_id: str
    shop: str
    scope: str
    expires_at: datetime | None


class RefreshToken(msgspec.Struct, kw_only=True):
    value: str
    client_id: str
    shop: str
    scope: str
    expires_at: datetime
    parent: str | None = None
    first_used_at: datetime | None = None


class Installation(msgspec.Struct, kw_only=True):
    client_id: str
    shop: str
    scope: str
    installed_at: datetime


class AppRegistry:
    """Knows who may do what in which store."""

    def __init__(self, settings: Settings, clock: Clock, journal: Journal) -> None:
        self._settings, self._clock, self._journal = settings, clock, journal
        self.clients: dict[str, Client] = {client.client_id: client for client in settings.clients}
        read = journal.read
        self.codes = {c.value: c for c in (msgspec.json.decode(b, type=Code) for b in read(REALM, "code"))}
        self.tokens = {t.value: t for t in (msgspec.json.decode(b, type=Token) for b in read(REALM, "token"))}
        self.refresh_tokens = {
            r.value: r for r in (msgspec.json.decode(b, type=RefreshToken) for b in read(REALM, "refresh"))
        }
        self.installations = {
            (i.client_id, i.shop): i
            for i in (msgspec.json.decode(b, type=Installation) for b in read(REALM, "installation"))
        }

    def issue_code(self, client: Client, shop: str, scope: str) -> str:
        """A code for one exchange, good for ten minutes."""
        code = Code(
            value=secrets.token_hex(16),
            client_id=client.client_id,
            shop=shop,
            scope=scope,
            expires_at=self._clock.now() + timedelta(seconds=CODE_SECONDS),
        )
        self.codes[code.value] = code
        self._put("code", code.value, code)
        self._journal.commit()
        return code.value

    def exchange(self, client_id: str, secret: str, shop: str, code: str, *, expiring: bool) -> dict[str, object]:
        """Code → tokens; the installation starts (again) here."""
        self._authenticate(client_id, secret)
        held = self.codes.pop(code, None)
        if held is not None:
            self._journal.drop(REALM, "code", code)
        if held is None or held.client_id != client_id or held.shop != shop or held.expires_at <= self._clock.now():
            self._journal.commit()
            raise Refusal(400, "invalid_request", "The authorization code was not found or was already used")
        for value in [r.value for r in self.refresh_tokens.values() if (r.client_id, r.shop) == (client_id, shop)]:
            self._forget_refresh(value)
        installation = Installation(client_id=client_id, shop=shop, scope=held.scope, installed_at=self._clock.now())
        self.installations[client_id, shop] = installation
        self._put("installation", f"{client_id} {shop}", installation)
        answer = self._grant(client_id, shop, held.scope, None) if expiring else self._forever(held)
        self._journal.commit()
        return answer

    def refresh(self, client_id: str, secret: str, shop: str, value: str) -> dict[str, object]:
        """Refresh token → new pair."""
        self._authenticate(client_id, secret)
        now = self._clock.now()
        held = self.refresh_tokens.get(value)
        if held is None or held.client_id != client_id or held.shop != shop or held.expires_at <= now:
            raise Refusal(400, "invalid_grant", "The refresh token is invalid or has expired")
        window = timedelta(seconds=self._settings.refresh_replay_seconds)
        if held.first_used_at is not None and held.first_used_at + window <= now:
            raise Refusal(400, "invalid_grant", "The refresh token was already used")
        if held.first_used_at is None:
            held.first_used_at = now
            self._put("refresh", value, held)
            self._retire_ancestor(held)
        answer = self._grant(client_id, shop, held.scope, held.value)
        self._journal.commit()
        return answer

    def access(self, value: str | None, shop: str) -> Token | None:
        """The living token of that value in that store, if there is one."""
        token = self.tokens.get(value or "")
        if token is None or token.shop != shop:
            return None
        if token.expires_at is not None and token.expires_at <= self._clock.now():
            return None
        return token

    def end_tokens(self, client_id: str, shop: str, *, access: bool = True, refresh: bool = True) -> int:
        """Kill an app's tokens in a store; answers how many were alive."""
        ended = 0
        for token in [t for t in self.tokens.values() if (t.client_id, t.shop) == (client_id, shop)]:
            if access:
                del self.tokens[token.value]
                self._journal.drop(REALM, "token", token.value)
                ended += 1
        for held in [r for r in self.refresh_tokens.values() if (r.client_id, r.shop) == (client_id, shop)]:
            if refresh:
                self._forget_refresh(held.value)
                ended += 1
        self._journal.commit()
        return ended

    def change_scopes(self, client_id: str, shop: str, scopes: str) -> str:
        """What was granted before. KeyError where the app is not installed."""
        installation = self.installations[client_id, shop]
        before, installation.scope = installation.scope, scopes
        self._put("installation", f"{client_id} {shop}", installation)
        for token in self.tokens.values():
            if (token.client_id, token.shop) == (client_id, shop):
                token.scope = scopes
                self._put("token", token.value, token)
        for held in self.refresh_tokens.values():
            if (held.client_id, held.shop) == (client_id, shop):
                held.scope = scopes
                self._put("refresh", held.value, held)
        self._journal.commit()
        return before

    def uninstall(self, client_id: str, shop: str) -> None:
        self.end_tokens(client_id, shop)
        self.installations.pop((client_id, shop), None)
        self._journal.drop(REALM, "installation", f"{client_id} {shop}")
        self._journal.commit()

    def _authenticate(self, client_id: str, secret: str) -> None:
        client = self.clients.get(client_id)
        if client is None:
            raise Refusal(400, "application_cannot_be_found", "The application could not be found")
        if not secrets.compare_digest(client.client_secret.encode(), secret.encode()):
            raise Refusal(401, "invalid_client", "The client secret does not match")

    def _forever(self, code: Code) -> dict[str, object]:
        token = self._new_token(code.client_id, code.shop, code.scope, None)
        return {"access_token": token.value, "scope": token.scope}

    def _grant(self, client_id: str, shop: str, scope: str, parent: str | None) -> dict[str, object]:
        now, settings = self._clock.now(), self._settings
        token = self._new_token(client_id, shop, scope, now + timedelta(seconds=settings.token_seconds))
        refresh = RefreshToken(
            value="shprt_" + secrets.token_hex(24),
            client_id=client_id,
            shop=shop,
            scope=scope,
            parent=parent,
            expires_at=now + timedelta(seconds=settings.refresh_token_seconds),
        )
        self.refresh_tokens[refresh.value] = refresh
        self._put("refresh", refresh.value, refresh)
        return {
            "access_token": token.value,
            "scope": scope,
            "expires_in": settings.token_seconds,
            "refresh_token": refresh.value,
            "refresh_token_expires_in": settings.refresh_token_seconds,
        }

    def _new_token(self, client_id: str, shop: str, scope: str, expires_at: datetime | None) -> Token:
        token = Token(
            value="shpat_" + secrets.token_hex(16),
            client_id=client_id,
            shop=shop,
            scope=scope,
            expires_at=expires_at,
        )
        self.tokens[token.value] = token
        self._put("token", token.value, token)
        return token

    def _retire_ancestor(self, used: RefreshToken) -> None:
        """Its first use ends the token it replaced, and that token's other replacements."""
        if used.parent is None:
            return
        for held in list(self.refresh_tokens.values()):
            sibling = held.parent == used.parent and held.value != used.value
            if held.value == used.parent or sibling:
                self._forget_refresh(held.value)

    def _forget_refresh(self, value: str) -> None:
        self.refresh_tokens.pop(value, None)
        self._journal.drop(REALM, "refresh", value)

    def _put(self, kind: str, identity: str, record: msgspec.Struct) -> None:
        self._journal.put(REALM, kind, identity, msgspec.json.encode(record))
