"""What pages and the JSON API do about pushes, in the name of a visitor."""

from __future__ import annotations

from collections.abc import Sequence

from gateway import push_views, views, wording
from gateway.neighbours import Neighbours, ask
from gateway.sessions import Visitor
from gateway.views import View
from ledgerport.common.v1 import access_pb2
from ledgerport.qbo_writer.v1 import push_pb2, records_pb2

# A push of very many records is one transaction.
_LONG = 60.0


async def count(near: Neighbours, visitor: Visitor, chosen: push_pb2.Chosen) -> push_pb2.PushCount:
    request = push_pb2.CountPushRequest(chosen=chosen)
    return (await ask(near.pushes.CountPush(request, metadata=visitor.proof))).count


async def start(near: Neighbours, visitor: Visitor, chosen: push_pb2.Chosen) -> View:
    """The run. Refused or NotFound where nothing is left to be pushed."""
    visitor.require(access_pb2.ROLE_BOOKKEEPER)
    request = push_pb2.PushRecordsRequest(chosen=chosen)
    return push_views.run((await ask(near.pushes.PushRecords(request, metadata=visitor.proof, timeout=_LONG))).run)


async def runs(near: Neighbours, visitor: Visitor, page: str) -> View:
    request = push_pb2.ListPushRunsRequest(page_token=page)
    found = await ask(near.pushes.ListPushRuns(request, metadata=visitor.proof))
    return {"pushes": [push_views.run(each) for each in found.runs], "next_page": found.next_page_token}


async def run(near: Neighbours, visitor: Visitor, run_id: str) -> View:
    """A run of the visitor's own Business, with why records of it are not in QuickBooks; NotFound otherwise."""
    request = push_pb2.GetPushRunRequest(run_id=run_id[:64])
    found = await ask(near.pushes.GetPushRun(request, metadata=visitor.proof))
    return {"run": push_views.run(found.run), "reasons": [push_views.reason(each) for each in found.reasons]}


async def records_of(near: Neighbours, visitor: Visitor, run_id: str, outcome: str, page: str) -> View:
    """Its records of one outcome, or all of them for a word that we do not know."""
    request = push_pb2.ListPushedRecordsRequest(run_id=run_id[:64], outcome=wording.status_of(outcome), page_token=page)
    found = await ask(near.pushes.ListPushedRecords(request, metadata=visitor.proof))
    return {"records": [views.record(each) for each in found.records], "next_page": found.next_page_token}


async def cancel(near: Neighbours, visitor: Visitor, run_id: str) -> View:
    visitor.require(access_pb2.ROLE_BOOKKEEPER)
    request = push_pb2.CancelPushRequest(run_id=run_id[:64])
    return push_views.run((await ask(near.pushes.CancelPush(request, metadata=visitor.proof, timeout=_LONG))).run)


async def ignore(near: Neighbours, visitor: Visitor, record_ids: Sequence[str]) -> View:
    """How many are left out now, and how many could not be."""
    visitor.require(access_pb2.ROLE_BOOKKEEPER)
    request = records_pb2.IgnoreRecordsRequest(record_ids=[each[:64] for each in record_ids])
    done = await ask(near.records.IgnoreRecords(request, metadata=visitor.proof))
    return {"ignored": done.ignored, "being_written": done.being_written, "in_quickbooks": done.in_quickbooks}
