"""Shopify's OAuth of one store, and the one Admin query that says which store a token opens."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests

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
from ledgerport_libs import telemetry

log = telemetry.logger("shopify")

SHOP_QUERY = "{ shop { id name myshopifyDomain ianaTimezone currencyCode billingAddress { countryCodeV2 } } }"


@dataclass(frozen=True, slots=True)
class ShopifyApp:
    """Our app as it is registered at Shopify."""

    client_id: str
    client_secret: str
    redirect_uri: str
    scopes: str
    # A template with {shop}.
    admin_url: str
    api_version: str


class Shopify:
    """What auth asks of a store. `shop` is always a checked myshopify.com domain. Raises ProviderError."""

    def __init__(self, app: ShopifyApp, calls: HttpCalls) -> None:
        self.app, self._calls = app, calls

    def authorize_url(self, shop: str, state: str) -> str:
        """The consent page of the store, for a token that works without the person (offline)."""
        asked = {
            "client_id": self.app.client_id,
            "scope": self.app.scopes,
            "redirect_uri": self.app.redirect_uri,
            "state": state,
        }
        return f"{self._admin(shop)}/oauth/authorize?{urlencode(asked)}"

    async def exchange(self, shop: str, code: str) -> TokenSet:
        """Expiring offline tokens for a code."""
        return await self._calls.off_loop(lambda: self._tokens(shop, "exchange", {"code": code, "expiring": "1"}))

    async def refresh(self, shop: str, refresh_token: str) -> TokenSet:
        """A new pair. The old refresh token may be sent again until the new one is used, so a refusal is asked twice.

        Shopify does not publish the text of a refusal: 400 and 401 count as one only when repeated.
        """
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}

        def work() -> TokenSet:
            try:
                return self._tokens(shop, "refresh", fields)
            except GrantRefused:
                return self._tokens(shop, "refresh", fields)

        return await self._calls.off_loop(work)

    async def shop(self, shop: str, access_token: str) -> AccountFacts:
        """What the store says of itself; AccessRefused where the token does not open it."""
        return await self._calls.off_loop(lambda: self._read_shop(shop, access_token))

    def _admin(self, shop: str) -> str:
        return f"{self.app.admin_url.format(shop=shop).rstrip('/')}/admin"

    def _tokens(self, shop: str, what: str, fields: Mapping[str, str]) -> TokenSet:
        url = f"{self._admin(shop)}/oauth/access_token"
        told = {"client_id": self.app.client_id, "client_secret": self.app.client_secret, **fields}
        response = self._sent(what, url, data=told, headers={"Accept": "application/json"})
        if response.status_code != 200:
            raise _refusal(what, response)
        return _token_set(what, response)

    def _read_shop(self, shop: str, access_token: str) -> AccountFacts:
        url = f"{self._admin(shop)}/api/{self.app.api_version}/graphql.json"
        headers = {"X-Shopify-Access-Token": access_token, "Accept": "application/json"}
        response = self._sent("shop", url, json={"query": SHOP_QUERY}, headers=headers)
        status, trace_id = response.status_code, trace_id_of(response)
        if status in (401, 403):
            raise AccessRefused("the store is closed to this token", status=status, trace_id=trace_id)
        if status == 402:
            raise AccountSuspended("the store is frozen", status=status, trace_id=trace_id)
        facts = _shop_facts(_members(response)) if status == 200 else None
        if facts is None:
            raise ProviderTrouble("shop was not answered", status=status, trace_id=trace_id)
        return facts

    def _sent(self, what: str, url: str, **arguments: Any) -> requests.Response:
        try:
            with requests.Session() as session:
                return self._calls.send(session, "POST", url, **arguments)
        except requests.RequestException as cause:
            raise ProviderTrouble(f"{what} failed: {type(cause).__name__}") from None


def _refusal(what: str, response: requests.Response) -> ProviderError:
    status, trace_id = response.status_code, trace_id_of(response)
    named = _members(response).get("error", "")
    known = {"invalid_grant", "invalid_request", "invalid_client", "application_cannot_be_found"}
    code = named if isinstance(named, str) and named in known else ""
    # A wrong secret is ours to mend, and no store's trouble.
    ours = code in ("invalid_client", "application_cannot_be_found")
    kind = GrantRefused if status in (400, 401) and not ours else ProviderTrouble
    log.warning("shopify_refused", what=what, status=status, answer=code, request_id=trace_id)
    return kind(f"{what} refused", status=status, code=code, trace_id=trace_id)


def _token_set(what: str, response: requests.Response) -> TokenSet:
    members, now = _members(response), datetime.fromtimestamp(time.time(), UTC)
    access, refresh = members.get("access_token"), members.get("refresh_token") or ""
    if not isinstance(access, str) or not access or not isinstance(refresh, str):
        raise ProviderTrouble(f"{what} answered no token", status=200, trace_id=trace_id_of(response))
    telemetry.redactor.remember(access)
    telemetry.redactor.remember(refresh)
    try:
        return TokenSet(
            access=access,
            refresh=refresh,
            received_at=now,
            expires_at=_after(now, members.get("expires_in")),
            refresh_expires_at=_after(now, members.get("refresh_token_expires_in")),
            scopes=str(members.get("scope") or ""),
            trace_id=trace_id_of(response),
        )
    except (TypeError, ValueError, OverflowError):
        raise ProviderTrouble(f"{what} answered no deadlines", status=200, trace_id=trace_id_of(response)) from None


def _after(now: datetime, seconds: Any) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=int(seconds))


def _shop_facts(members: Mapping[str, Any]) -> AccountFacts | None:
    data = members.get("data")
    shop = data.get("shop") if isinstance(data, dict) else None
    if not isinstance(shop, dict) or not shop.get("id") or not shop.get("myshopifyDomain"):
        return None
    address = shop.get("billingAddress") or {}
    return AccountFacts(
        account=str(shop["myshopifyDomain"]).lower(),
        account_id=str(shop["id"]),
        name=str(shop.get("name") or shop["myshopifyDomain"])[:200],
        country=str(address.get("countryCodeV2") or ""),
        zone=str(shop.get("ianaTimezone") or ""),
        currency=str(shop.get("currencyCode") or ""),
    )


def _members(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
