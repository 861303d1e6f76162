"""The gRPC doorway of credentials: translates, asks who the caller is, and calls the desks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from auth.health import Health
from auth.issuing import Issuing
from auth.quickbooks_connecting import Callback, QuickBooksConnecting
from auth.revoking import Revoking
from auth.shopify_connecting import ShopifyConnecting
from auth.vault import PROVIDERS
from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc
from ledgerport.common.v1 import provider_pb2
from ledgerport_libs.errors import InvalidRequest
from ledgerport_libs.identity import person_of_this_call
from ledgerport_libs.timestamps import timestamp

Context = Any


class CredentialsServicer(credentials_pb2_grpc.CredentialsServiceServicer):
    def __init__(
        self,
        quickbooks: QuickBooksConnecting,
        shopify: ShopifyConnecting,
        issuing: Issuing,
        revoking: Revoking,
        health: Health,
    ) -> None:
        self._quickbooks, self._shopify = quickbooks, shopify
        self._issuing, self._revoking, self._health = issuing, revoking, health

    async def StartQuickBooksConnect(
        self, request: credentials_pb2.StartQuickBooksConnectRequest, context: Context
    ) -> credentials_pb2.StartQuickBooksConnectResponse:
        url = await self._quickbooks.start(person_of_this_call(), request.session_id)
        return credentials_pb2.StartQuickBooksConnectResponse(authorize_url=url)

    async def FinishQuickBooksConnect(
        self, request: credentials_pb2.FinishQuickBooksConnectRequest, context: Context
    ) -> credentials_pb2.FinishQuickBooksConnectResponse:
        callback = Callback(
            session_id=request.session_id,
            state=request.state,
            code=request.code,
            realm_id=request.realm_id,
            error=request.error,
            error_description=request.error_description,
        )
        done = await self._quickbooks.finish(person_of_this_call(), callback)
        return credentials_pb2.FinishQuickBooksConnectResponse(
            realm_id=done.realm_id,
            company_name=done.company_name,
            newly_bound=done.newly_bound,
            business_id=done.business_id,
        )

    async def StartShopifyConnect(
        self, request: credentials_pb2.StartShopifyConnectRequest, context: Context
    ) -> credentials_pb2.StartShopifyConnectResponse:
        url = await self._shopify.start(person_of_this_call(), request.session_id, request.shop)
        return credentials_pb2.StartShopifyConnectResponse(authorize_url=url)

    async def FinishShopifyConnect(
        self, request: credentials_pb2.FinishShopifyConnectRequest, context: Context
    ) -> credentials_pb2.FinishShopifyConnectResponse:
        done = await self._shopify.finish(person_of_this_call(), request.session_id, request.query_string)
        return credentials_pb2.FinishShopifyConnectResponse(
            shop_domain=done.domain, shop_name=done.name, business_id=done.business_id
        )

    async def IssueAccessToken(
        self, request: credentials_pb2.IssueAccessTokenRequest, context: Context
    ) -> credentials_pb2.IssueAccessTokenResponse:
        issued = await self._issuing.issue(request.business_id, provider_of(request.provider), request.refused_version)
        return credentials_pb2.IssueAccessTokenResponse(
            access_token=issued.access_token,
            version=issued.version,
            expires_at=timestamp(issued.expires_at),
            account=issued.account,
        )

    async def RevokeTokens(
        self, request: credentials_pb2.RevokeTokensRequest, context: Context
    ) -> credentials_pb2.RevokeTokensResponse:
        asked_at = request.asked_at.ToDatetime(UTC) if request.HasField("asked_at") else datetime.now(UTC)
        await self._revoking.revoke(request.business_id, provider_of(request.provider), request.by, asked_at)
        return credentials_pb2.RevokeTokensResponse()

    async def ProbeAccess(
        self, request: credentials_pb2.ProbeAccessRequest, context: Context
    ) -> credentials_pb2.ProbeAccessResponse:
        probe = await self._health.probe(request.business_id, provider_of(request.provider))
        return credentials_pb2.ProbeAccessResponse(outcome=probe.outcome, explanation=probe.explanation)

    async def ReportUninstalled(
        self, request: credentials_pb2.ReportUninstalledRequest, context: Context
    ) -> credentials_pb2.ReportUninstalledResponse:
        await self._health.uninstalled(request.business_id, request.triggered_at.ToDatetime(UTC))
        return credentials_pb2.ReportUninstalledResponse()


def provider_of(number: provider_pb2.Provider.ValueType) -> str:
    """quickbooks or shopify; InvalidRequest for none."""
    if number not in PROVIDERS:
        raise InvalidRequest("no provider")
    return PROVIDERS[number]
