"""Access tokens for the bound realm, kept only in memory and only until they end."""

from __future__ import annotations

import asyncio
import time

import grpc
from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc
from ledgerport.common.v1 import provider_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.errors import error_of

from qbo_writer.quickbooks import Access

_EARLY = 30.0


class Tokens:
    """One token a company, asked for again shortly before its end or when QuickBooks refused it."""

    def __init__(self, auth: credentials_pb2_grpc.CredentialsServiceAsyncStub) -> None:
        self._auth = auth
        self._held: dict[str, tuple[Access, float]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def access(self, business_id: str, refused: Access | None = None) -> Access:
        """The realm comes from the binding, with the token. Raises AppError: Refused needs a person, else it passes."""
        async with self._locks.setdefault(business_id, asyncio.Lock()):
            held, ends = self._held.get(business_id, (None, 0.0))
            if held and time.time() < ends - _EARLY and (refused is None or held.version != refused.version):
                return held
            try:
                issued = await self._auth.IssueAccessToken(
                    credentials_pb2.IssueAccessTokenRequest(
                        business_id=business_id,
                        provider=provider_pb2.PROVIDER_QUICKBOOKS,
                        refused_version=refused.version if refused else 0,
                    )
                )
            except grpc.aio.AioRpcError as failure:
                raise error_of(failure) from failure
            telemetry.redactor.remember(issued.access_token)
            access = Access(issued.access_token, issued.account, issued.version)
            self._held[business_id] = (access, float(issued.expires_at.seconds))
            return access

    def forget(self, business_id: str) -> None:
        self._held.pop(business_id, None)
