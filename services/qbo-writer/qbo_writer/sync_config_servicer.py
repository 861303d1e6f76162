"""The gRPC edge of Sync Config: what holds, what is proposed, and a new version. The Business is the caller's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from ledgerport.qbo_writer.v1 import sync_config_pb2 as pb
from ledgerport.qbo_writer.v1 import sync_config_pb2_grpc
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import AppError, PassingTrouble, Refused
from ledgerport_libs.identity import person_of_this_call
from ledgerport_libs.paging import number_in, page_size, to_token
from ledgerport_libs.timestamps import timestamp
from qbo_writer import sync_config
from qbo_writer.account_roles import ROLES, fitting, own_name, proposed
from qbo_writer.company_facts import ACCOUNT, CLASS, ITEM, LOCATION, SETTINGS_LISTS, CompanyFacts, company_facts
from qbo_writer.field_problems import refuse_fields
from qbo_writer.posting.company import Name
from qbo_writer.quickbooks import Unreachable
from qbo_writer.sync_config import Decisions, Saved
from qbo_writer.sync_config_protos import (
    company_to_proto,
    config_from_proto,
    config_to_proto,
    name_to_proto,
    problems_to_proto,
    role_to_proto,
)
from qbo_writer.sync_config_rules import changes, problems

log = telemetry.logger("sync_config")
# Reads the company of this Business from QuickBooks now: AppError or Unreachable where it cannot.
ReadNow = Callable[[str], Awaitable[None]]
Context = Any
_MOST_VERSIONS, _DEFAULT_VERSIONS = 100, 20
# A page does not wait longer than this for a company that was never read.
_PATIENCE = 8.0
# Reads are metered by Intuit: what was read this many seconds ago is not read again, however often it is asked for.
_JUST_READ = 10.0


class SyncConfigServicer(sync_config_pb2_grpc.SyncConfigServiceServicer):
    """`wake` is called when records became pending."""

    def __init__(self, db: Database, wake: Callable[[], None], read_now: ReadNow) -> None:
        self._db, self._wake, self._read_now = db, wake, read_now

    async def GetSyncConfig(self, request: pb.GetSyncConfigRequest, context: Context) -> pb.GetSyncConfigResponse:
        business_id = person_of_this_call().business_id
        company = await self._company(business_id)
        async with self._db.transaction() as tx:
            saved = await sync_config.newest(tx, business_id)
            fallback = await _fallback(tx, business_id, saved.decisions)
        answer = pb.GetSyncConfigResponse(
            config=config_to_proto(saved.decisions),
            version=saved.version,
            saved_by=saved.saved_by,
            saved_at=timestamp(saved.saved_at),
            problems=problems_to_proto(problems(saved.decisions, company, fallback) if company else []),
            roles=_choices(company),
        )
        if company is not None:
            answer.company.CopyFrom(company_to_proto(company))
            answer.classes.extend(_active(company, CLASS))
            answer.locations.extend(_active(company, LOCATION))
        if fallback is not None:
            answer.fallback_item.CopyFrom(name_to_proto(fallback))
        return answer

    async def UpdateSyncConfig(
        self, request: pb.UpdateSyncConfigRequest, context: Context
    ) -> pb.UpdateSyncConfigResponse:
        person = person_of_this_call()
        decisions, wrong = config_from_proto(request.config)
        async with self._db.transaction() as tx:
            company = await company_facts(tx, person.business_id, SETTINGS_LISTS)
            fallback = await _fallback(tx, person.business_id, decisions)
            wrong = [*wrong, *problems(decisions, company, fallback)]
            if not wrong:
                version = await sync_config.save(
                    tx, person.business_id, decisions, request.expected_version, person.email
                )
                again = await sync_config.reconsider(tx, person.business_id)
        if wrong:
            count = "One setting cannot" if len(wrong) == 1 else f"{len(wrong)} settings cannot"
            await refuse_fields(context, wrong, f"Nothing was saved: {count} stand as chosen.")
        self._wake()
        log.info("sync_config_saved", business=person.business_id, version=version, by=person.user_id, again=again)
        return pb.UpdateSyncConfigResponse(version=version, reconsidered=again)

    async def ListSyncConfigVersions(
        self, request: pb.ListSyncConfigVersionsRequest, context: Context
    ) -> pb.ListSyncConfigVersionsResponse:
        business_id = person_of_this_call().business_id
        size = page_size(request.page_size, _MOST_VERSIONS, _DEFAULT_VERSIONS)
        before = number_in(request.page_token)
        async with self._db.transaction() as tx:
            found = await sync_config.versions(tx, business_id, before, size + 1)
            lists = (
                (*SETTINGS_LISTS, ITEM) if any(v.decisions.config.fallback_item_id for v in found) else SETTINGS_LISTS
            )
            company = await company_facts(tx, business_id, lists)
        names = {(name.list, name.qbo_id): name.name for name in company.names} if company else {}
        befores = [*found[1:], Saved(0, Decisions(), "", None)]
        return pb.ListSyncConfigVersionsResponse(
            versions=[
                pb.SyncConfigVersion(
                    version=each.version,
                    saved_by=each.saved_by,
                    saved_at=timestamp(each.saved_at),
                    changes=changes(before.decisions, each.decisions, names),
                    config=config_to_proto(each.decisions),
                )
                for each, before in zip(found[:size], befores, strict=False)
            ],
            next_page_token=to_token(str(found[size - 1].version)) if len(found) > size else "",
        )

    async def ReadCompany(self, request: pb.ReadCompanyRequest, context: Context) -> pb.ReadCompanyResponse:
        business_id = person_of_this_call().business_id
        company = await self._facts(business_id)
        if company is None or (datetime.now(UTC) - company.read_at).total_seconds() > _JUST_READ:
            try:
                await self._read_now(business_id)
            except Unreachable as trouble:
                say = "QuickBooks did not answer. Nothing is lost; please try again in a minute."
                raise PassingTrouble(str(trouble), say=say) from trouble
            company = await self._facts(business_id)
        if company is None:
            raise Refused("the company was not read", say="QuickBooks is not connected.", reason="NOT_CONNECTED")
        return pb.ReadCompanyResponse(company=company_to_proto(company))

    async def _company(self, business_id: str) -> CompanyFacts | None:
        """Read from QuickBooks where it never was; None where that cannot be done now."""
        company = await self._facts(business_id)
        if company is not None:
            return company
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._read_now(business_id)
        except (AppError, Unreachable, TimeoutError) as trouble:
            log.info("company_not_read", business=business_id, why=str(trouble))
            return None
        return await self._facts(business_id)

    async def _facts(self, business_id: str) -> CompanyFacts | None:
        async with self._db.transaction() as tx:
            return await company_facts(tx, business_id, SETTINGS_LISTS)


async def _fallback(tx: Transaction, business_id: str, decisions: Decisions) -> Name | None:
    chosen = decisions.config.fallback_item_id
    if not chosen or "\0" in chosen:
        return None
    return await tx.one("name_of", Name, business_id=business_id, list=ITEM, qbo_id=chosen)


def _choices(company: CompanyFacts | None) -> list[pb.RoleChoices]:
    """Every part; without accounts to choose from until the company was read."""
    accounts = company.named(ACCOUNT) if company else []
    made = []
    for role, wanted in ROLES.items():
        ours = proposed(role, accounts, company.discount_account if company else "")
        made.append(
            pb.RoleChoices(
                role=role_to_proto(role),
                proposed_id=ours.qbo_id if ours else "",
                own_name=own_name(role),
                accounts=[name_to_proto(account) for account in fitting(role, accounts)],
                types=wanted.types,
            )
        )
    return made


def _active(company: CompanyFacts, list_name: str) -> list[pb.QuickBooksName]:
    return [name_to_proto(name) for name in company.named(list_name) if name.active]
