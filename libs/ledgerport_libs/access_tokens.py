"""Short-lived access tokens of one provider, asked of auth, kept only in memory and only until they end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import grpc

from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc
from ledgerport.common.v1 import provider_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.errors import error_of

_EARLY = 30.0


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token for the account that a Business is bound to: a realm, or a shop's myshopify.com domain."""

    token: str
    account: str
    version: int


class AccessTokens:
    """One token a Business, asked for again shortly before its end or when the provider refused it."""

    def __init__(
        self, auth: credentials_pb2_grpc.CredentialsServiceAsyncStub, provider: provider_pb2.Provider.ValueType
    ) -> None:
        self._auth, self._provider = auth, provider
        self._held: dict[str, tuple[AccessToken, float]] = {}
        self._refused: dict[str, int] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def access(self, business_id: str, refused: AccessToken | None = None) -> AccessToken:
        """The account comes from the binding, with the token. AppError: Refused needs a person, the rest passes."""
        async with self._locks.setdefault(business_id, asyncio.Lock()):
            held, ends = self._held.get(business_id, (None, 0.0))
            if held and time.time() < ends - _EARLY and (refused is None or held.version != refused.version):
                return held
            version = refused.version if refused else self._refused.pop(business_id, 0)
            request = credentials_pb2.IssueAccessTokenRequest(
                business_id=business_id, provider=self._provider, refused_version=version
            )
            try:
                issued = await self._auth.IssueAccessToken(request)
            except grpc.aio.AioRpcError as failure:
                raise error_of(failure) from failure
            telemetry.redactor.remember(issued.access_token)
            token = AccessToken(issued.access_token, issued.account, issued.version)
            self._held[business_id] = (token, float(issued.expires_at.seconds))
            return token

    def was_refused(self, business_id: str) -> None:
        """The provider did not take the token we hold: the next question to auth says so."""
        held, _ = self._held.pop(business_id, (None, 0.0))
        if held is not None:
            self._refused[business_id] = held.version
