"""The four services that the gateway asks, and how their refusals come back as our errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import grpc

from gateway.settings import Settings
from ledgerport.auth.v1 import (
    api_tokens_pb2,
    api_tokens_pb2_grpc,
    credentials_pb2,
    credentials_pb2_grpc,
    people_pb2,
    people_pb2_grpc,
)
from ledgerport.connections.v1 import connections_pb2, connections_pb2_grpc
from ledgerport.qbo_writer.v1 import (
    mapping_pb2,
    mapping_pb2_grpc,
    preview_pb2,
    preview_pb2_grpc,
    push_pb2,
    push_pb2_grpc,
    records_pb2,
    records_pb2_grpc,
    sync_config_pb2,
    sync_config_pb2_grpc,
)
from ledgerport.shopify_sync.v1 import (
    history_import_pb2,
    history_import_pb2_grpc,
    intake_pb2,
    intake_pb2_grpc,
)
from ledgerport_libs import rpc, telemetry
from ledgerport_libs.errors import AppError, PassingTrouble, error_of
from ledgerport_libs.identity import ServiceIdentity

log = telemetry.logger("neighbours")
T = TypeVar("T")
_PEOPLE = people_pb2.DESCRIPTOR.services_by_name["PeopleService"]
_API_TOKENS = api_tokens_pb2.DESCRIPTOR.services_by_name["ApiTokensService"]
_CREDENTIALS = credentials_pb2.DESCRIPTOR.services_by_name["CredentialsService"]
_CONNECTIONS = connections_pb2.DESCRIPTOR.services_by_name["ConnectionsService"]
_INTAKE = intake_pb2.DESCRIPTOR.services_by_name["IntakeService"]
_IMPORTS = history_import_pb2.DESCRIPTOR.services_by_name["HistoryImportService"]
_RECORDS = records_pb2.DESCRIPTOR.services_by_name["RecordsService"]
_PREVIEW = preview_pb2.DESCRIPTOR.services_by_name["PreviewService"]
_PUSH = push_pb2.DESCRIPTOR.services_by_name["PushService"]
_SYNC_CONFIG = sync_config_pb2.DESCRIPTOR.services_by_name["SyncConfigService"]
_MAPPING = mapping_pb2.DESCRIPTOR.services_by_name["MappingService"]


@dataclass(frozen=True, slots=True)
class Neighbours:
    people: people_pb2_grpc.PeopleServiceAsyncStub
    api_tokens: api_tokens_pb2_grpc.ApiTokensServiceAsyncStub
    credentials: credentials_pb2_grpc.CredentialsServiceAsyncStub
    connections: connections_pb2_grpc.ConnectionsServiceAsyncStub
    intake: intake_pb2_grpc.IntakeServiceAsyncStub
    imports: history_import_pb2_grpc.HistoryImportServiceAsyncStub
    records: records_pb2_grpc.RecordsServiceAsyncStub
    preview: preview_pb2_grpc.PreviewServiceAsyncStub
    pushes: push_pb2_grpc.PushServiceAsyncStub
    sync_config: sync_config_pb2_grpc.SyncConfigServiceAsyncStub
    mapping: mapping_pb2_grpc.MappingServiceAsyncStub
    auth_channel: grpc.aio.Channel

    async def auth_ready(self) -> None:
        """ConnectionError unless auth can be spoken to."""
        state = self.auth_channel.get_state(try_to_connect=True)
        while state is not grpc.ChannelConnectivity.READY:
            await self.auth_channel.wait_for_state_change(state)
            state = self.auth_channel.get_state(try_to_connect=True)


@asynccontextmanager
async def neighbours(settings: Settings, identity: ServiceIdentity) -> AsyncIterator[Neighbours]:
    """Stubs over channels that prove our name, open while inside."""
    timeout = settings.rpc_timeout
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        auth = await enter(
            rpc.channel(
                settings.auth_address,
                identity,
                "auth",
                [_PEOPLE, _API_TOKENS, _CREDENTIALS],
                timeout=timeout,
                tls=settings.tls,
            )
        )
        connections = await enter(
            rpc.channel(
                settings.connections_address, identity, "connections", [_CONNECTIONS], timeout=timeout, tls=settings.tls
            )
        )
        intake = await enter(
            rpc.channel(
                settings.shopify_sync_address,
                identity,
                "shopify-sync",
                [_INTAKE, _IMPORTS],
                timeout=timeout,
                tls=settings.tls,
            )
        )
        writer = await enter(
            rpc.channel(
                settings.qbo_writer_address,
                identity,
                "qbo-writer",
                [_RECORDS, _PREVIEW, _PUSH, _SYNC_CONFIG, _MAPPING],
                timeout=timeout,
                tls=settings.tls,
            )
        )
        yield Neighbours(
            people=people_pb2_grpc.PeopleServiceStub(auth),
            api_tokens=api_tokens_pb2_grpc.ApiTokensServiceStub(auth),
            credentials=credentials_pb2_grpc.CredentialsServiceStub(auth),
            connections=connections_pb2_grpc.ConnectionsServiceStub(connections),
            intake=intake_pb2_grpc.IntakeServiceStub(intake),
            imports=history_import_pb2_grpc.HistoryImportServiceStub(intake),
            records=records_pb2_grpc.RecordsServiceStub(writer),
            preview=preview_pb2_grpc.PreviewServiceStub(writer),
            pushes=push_pb2_grpc.PushServiceStub(writer),
            sync_config=sync_config_pb2_grpc.SyncConfigServiceStub(writer),
            mapping=mapping_pb2_grpc.MappingServiceStub(writer),
            auth_channel=auth,
        )


async def ask(call: Awaitable[T]) -> T:
    """The answer, or the AppError that the service answered with."""
    try:
        return await call
    except grpc.aio.AioRpcError as failure:
        raise error_of(failure) from failure


async def ask_or_none(call: Awaitable[T]) -> T | None:
    """None where the service does not answer now: a page shows the rest. Refusals are raised as ever."""
    try:
        return await ask(call)
    except PassingTrouble as trouble:
        log.warning("page_is_missing_a_part", error=str(trouble))
    except AppError as error:
        if type(error) is not AppError:
            raise
        log.warning("page_is_missing_a_part", error=str(error))
    return None
