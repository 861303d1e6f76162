"""The gRPC edge of pushes. The Business is always the caller's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict

from ledgerport.qbo_writer.v1 import push_pb2 as pb
from ledgerport.qbo_writer.v1 import push_pb2_grpc, records_pb2
from ledgerport_libs.database import Database
from ledgerport_libs.identity import person_of_this_call
from ledgerport_libs.paging import from_token, number_in, page_size, to_token
from ledgerport_libs.rpc import require
from ledgerport_libs.timestamps import timestamp
from qbo_writer import pushing
from qbo_writer.ledger_rows import status_to_proto
from qbo_writer.record_filter import filter_params, record_uuid, record_uuids, status_word
from qbo_writer.record_protos import record_to_proto

MOST_CHOSEN = 10_000
_MOST_RUNS, _DEFAULT_RUNS = 50, 20
Context = Any


class PushServicer(push_pb2_grpc.PushServiceServicer):
    """`wake` is called when records became pending."""

    def __init__(self, db: Database, wake: Callable[[], None]) -> None:
        self._db, self._wake = db, wake

    async def CountPush(self, request: pb.CountPushRequest, context: Context) -> pb.CountPushResponse:
        found = await pushing.count(self._db, _where(person_of_this_call().business_id, request.chosen))
        return pb.CountPushResponse(
            count=pb.PushCount(
                to_push=found.to_push,
                in_quickbooks_already=found.in_books,
                on_their_way_already=found.on_their_way,
                ignored=found.left_out,
            )
        )

    async def PushRecords(self, request: pb.PushRecordsRequest, context: Context) -> pb.PushRecordsResponse:
        person, chosen = person_of_this_call(), request.chosen
        asked = {"all_of": MessageToDict(chosen.all_of)} if chosen.HasField("all_of") else {"picked": True}
        run_id = await pushing.start(self._db, _where(person.business_id, chosen), asked, person.email)
        self._wake()
        return pb.PushRecordsResponse(run=_run(await pushing.run_of(self._db, person.business_id, run_id)))

    async def GetPushRun(self, request: pb.GetPushRunRequest, context: Context) -> pb.GetPushRunResponse:
        business_id, run_id = person_of_this_call().business_id, record_uuid(request.run_id)
        run = await pushing.run_of(self._db, business_id, run_id)
        reasons = await pushing.reasons(self._db, business_id, run_id)
        return pb.GetPushRunResponse(
            run=_run(run),
            reasons=[
                pb.ReasonCount(
                    status=status_to_proto(each.outcome),
                    reason=each.reason,
                    count=each.count,
                    example=record_to_proto(example),
                )
                for each, example in reasons
            ],
        )

    async def ListPushRuns(self, request: pb.ListPushRunsRequest, context: Context) -> pb.ListPushRunsResponse:
        size = page_size(request.page_size, _MOST_RUNS, _DEFAULT_RUNS)
        before = number_in(request.page_token)
        found = await pushing.runs(self._db, person_of_this_call().business_id, before, size + 1)
        more = len(found) > size
        return pb.ListPushRunsResponse(
            runs=[_run(each) for each in found[:size]],
            next_page_token=to_token(str(found[size - 1].number)) if more else "",
        )

    async def ListPushedRecords(
        self, request: pb.ListPushedRecordsRequest, context: Context
    ) -> pb.ListPushedRecordsResponse:
        business_id, run_id = person_of_this_call().business_id, record_uuid(request.run_id)
        size = page_size(request.page_size)
        await pushing.run_of(self._db, business_id, run_id)
        after = record_uuid(from_token(request.page_token)) if request.page_token else None
        outcome = status_word(request.outcome)
        found = await pushing.pushed(self._db, business_id, run_id, outcome, after, size + 1)
        more = len(found) > size
        return pb.ListPushedRecordsResponse(
            records=[record_to_proto(each) for each in found[:size]],
            next_page_token=to_token(str(found[size - 1].id)) if more else "",
        )

    async def CancelPush(self, request: pb.CancelPushRequest, context: Context) -> pb.CancelPushResponse:
        person, run_id = person_of_this_call(), record_uuid(request.run_id)
        await pushing.cancel(self._db, person.business_id, run_id, person.email)
        self._wake()
        return pb.CancelPushResponse(run=_run(await pushing.run_of(self._db, person.business_id, run_id)))


def _where(business_id: str, chosen: pb.Chosen) -> dict[str, Any]:
    """A filter for all of it, or ids; InvalidRequest where nothing was chosen, so that nothing is never everything."""
    require(chosen.WhichOneof("chosen") is not None, "Choose records, or all that a filter finds.")
    where = filter_params(business_id, chosen.all_of if chosen.HasField("all_of") else records_pb2.RecordFilter())
    if chosen.HasField("ids"):
        return where | {"record_ids": record_uuids(list(chosen.ids.record_ids), MOST_CHOSEN)}
    return where | {"record_ids": None}


def _run(run: pushing.Run) -> pb.PushRun:
    made = pb.PushRun(
        run_id=str(run.id),
        started_by=run.started_by,
        started_at=timestamp(run.started_at),
        picked=bool(run.asked.get("picked")),
        found=pb.PushCount(
            to_push=run.pending + run.synced + run.on_hold + run.error + run.skipped + run.cancelled,
            in_quickbooks_already=run.in_books,
            on_their_way_already=run.on_their_way,
            ignored=run.left_out,
        ),
        pending=run.pending,
        synced=run.synced,
        on_hold=run.on_hold,
        on_hold_for_moments=run.for_moments,
        error=run.error,
        skipped=run.skipped,
        cancelled=run.cancelled,
        cancelled_by=run.cancelled_by,
        cancelled_at=timestamp(run.cancelled_at),
    )
    if "all_of" in run.asked:
        ParseDict(run.asked["all_of"], made.all_of)
        made.all_of.SetInParent()
    return made
