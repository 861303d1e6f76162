"""The gRPC edge of imports: proto in, proto out. The Business is always the caller's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledgerport.shopify_sync.v1 import history_import_pb2 as pb
from ledgerport.shopify_sync.v1 import history_import_pb2_grpc
from ledgerport_libs.identity import person_of_this_call
from ledgerport_libs.paging import number_in, page_size, to_token
from ledgerport_libs.timestamps import timestamp
from shopify_sync.import_desk import ImportDesk
from shopify_sync.import_jobs import ImportJob, Status, Way, WhyPaging

Context = Any
_ROWS, _NEWEST = 20, 2**63 - 1
_STATUS: Mapping[str, pb.ImportStatus.ValueType] = {
    Status.QUEUED: pb.IMPORT_STATUS_QUEUED,
    Status.COUNTING: pb.IMPORT_STATUS_COUNTING,
    Status.RUNNING: pb.IMPORT_STATUS_RUNNING,
    Status.PAUSED: pb.IMPORT_STATUS_PAUSED,
    Status.DONE: pb.IMPORT_STATUS_DONE,
    Status.CANCELLED: pb.IMPORT_STATUS_CANCELLED,
    Status.FAILED: pb.IMPORT_STATUS_FAILED,
}
_WHY: Mapping[str, pb.WhyPaging.ValueType] = {
    WhyPaging.REFUSED: pb.WHY_PAGING_REFUSED,
    WhyPaging.BUSY: pb.WHY_PAGING_BUSY,
    WhyPaging.FAILED: pb.WHY_PAGING_FAILED,
    WhyPaging.EXPIRED: pb.WHY_PAGING_EXPIRED,
    WhyPaging.SHORT: pb.WHY_PAGING_SHORT,
}


class HistoryImportServicer(history_import_pb2_grpc.HistoryImportServiceServicer):
    def __init__(self, desk: ImportDesk) -> None:
        self._desk = desk

    async def CountOrders(self, request: pb.CountOrdersRequest, context: Context) -> pb.CountOrdersResponse:
        found = await self._desk.count(person_of_this_call().business_id, request.first_day, request.last_day)
        return pb.CountOrdersResponse(
            count=found.count,
            oldest_name=found.oldest[0] if found.oldest else "",
            oldest_at=timestamp(found.oldest[1] if found.oldest else None),
            newest_name=found.newest[0] if found.newest else "",
            newest_at=timestamp(found.newest[1] if found.newest else None),
            seconds_at_quickbooks=found.seconds_at_quickbooks,
            recent_orders_only=found.recent_orders_only,
        )

    async def StartImport(self, request: pb.StartImportRequest, context: Context) -> pb.StartImportResponse:
        person = person_of_this_call()
        job = await self._desk.start(
            person.business_id, person.email, request.request_id, request.first_day, request.last_day
        )
        return pb.StartImportResponse(history_import=shown(job))

    async def ListImports(self, request: pb.ListImportsRequest, context: Context) -> pb.ListImportsResponse:
        business_id, size = person_of_this_call().business_id, page_size(request.page_size, default=_ROWS)
        before = number_in(request.page_token)
        rows = await self._desk.page(business_id, _NEWEST if before is None else before, size + 1)
        return pb.ListImportsResponse(
            imports=[shown(row) for row in rows[:size]],
            next_page_token=to_token(str(rows[size - 1].id)) if len(rows) > size else "",
            today=(await self._desk.today(business_id)).isoformat(),
        )

    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.GetImportResponse:
        job = await self._desk.get(person_of_this_call().business_id, request.import_id)
        return pb.GetImportResponse(history_import=shown(job))

    async def PauseImport(self, request: pb.PauseImportRequest, context: Context) -> pb.PauseImportResponse:
        job = await self._desk.pause(person_of_this_call().business_id, request.import_id)
        return pb.PauseImportResponse(history_import=shown(job))

    async def ResumeImport(self, request: pb.ResumeImportRequest, context: Context) -> pb.ResumeImportResponse:
        job = await self._desk.resume(person_of_this_call().business_id, request.import_id)
        return pb.ResumeImportResponse(history_import=shown(job))

    async def CancelImport(self, request: pb.CancelImportRequest, context: Context) -> pb.CancelImportResponse:
        job = await self._desk.cancel(person_of_this_call().business_id, request.import_id)
        return pb.CancelImportResponse(history_import=shown(job))


def shown(job: ImportJob) -> pb.HistoryImport:
    return pb.HistoryImport(
        import_id=str(job.id),
        status=_STATUS[job.status],
        stage=_stage(job),
        first_day=job.first_day.isoformat(),
        last_day=job.last_day.isoformat(),
        started_by=job.started_by,
        created_at=timestamp(job.created_at),
        ended_at=timestamp(job.ended_at),
        counted=job.counted,
        gathered=job.gathered,
        read=job.read,
        brought_in=job.said,
        not_there=job.not_there,
        set_aside=job.set_aside,
        orders_per_minute=job.orders_per_minute,
        seconds_left=_seconds_left(job),
        why_paging=_WHY.get(job.reason, pb.WHY_PAGING_UNSPECIFIED),
    )


def _stage(job: ImportJob) -> pb.ImportStage.ValueType:
    if job.status not in (Status.QUEUED, Status.COUNTING, Status.RUNNING):
        return pb.IMPORT_STAGE_UNSPECIFIED
    if job.failures:
        return pb.IMPORT_STAGE_TROUBLE
    if job.status != Status.RUNNING or (job.way == Way.BULK and job.listed is None):
        return pb.IMPORT_STAGE_GATHERING
    return pb.IMPORT_STAGE_HELD_BACK if job.held_back else pb.IMPORT_STAGE_READING


def _seconds_left(job: ImportJob) -> int | None:
    """None while nothing is known to tell it by."""
    of = job.counted if job.listed is None else job.listed
    if of is None or job.orders_per_minute <= 0 or job.status != Status.RUNNING:
        return None
    return max(of - job.read, 0) * 60 // job.orders_per_minute
