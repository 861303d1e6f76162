"""Pushing and steering over gRPC on a real database: counted, once, taken back, written down, never somebody else's."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import grpc
import psycopg
import pytest

from ledgerport.events.v1 import record_pb2
from ledgerport.qbo_writer.v1 import push_pb2 as pb
from ledgerport.qbo_writer.v1 import records_pb2
from ledgerport_local.databases import TemplateDatabases
from qbo_writer_testing.settings_office import OURS, THEIRS, Office, Refusal, opened

RecordFilter = records_pb2.RecordFilter
CLAIM = (
    "INSERT INTO claim (record_id, business_id, operation, entity, request_id, body, body_hash, revision)"
    " VALUES (%s, %s, 'create', 'SalesReceipt', 'r', '', '', 1)"
)
ORDERS = RecordFilter(kind=record_pb2.RECORD_KIND_ORDER)


@pytest.fixture
async def office(server: TemplateDatabases) -> AsyncIterator[Office]:
    async with opened(server) as made:
        yield made


def put(office: Office, reference: str, status: str = "on_hold", reason: str = "TRIGGER", **told: Any) -> str:
    """An order's record; its id."""
    office.record("order", f"gid://shopify/Order/{reference}", reference, status=status, reason=reason, **told)
    [(found,)] = office.sql("SELECT id FROM record WHERE reference = %s", reference)
    return str(found)


def put_many(office: Office, number: int, status: str = "on_hold") -> None:
    office.sql(
        "INSERT INTO record (id, business_id, kind, source_id, reference, source_updated_at, observed_at, content_hash,"
        " payload, status, reason) SELECT gen_random_uuid(), %s, 'order', n::text, '#' || n, now(), now(), '', '', %s,"
        " 'TRIGGER' FROM generate_series(1, %s) n",
        OURS,
        status,
        number,
    )


def becomes(office: Office, record_id: str, status: str, reason: str = "") -> None:
    """What delivery's settle does to a record."""
    office.sql("UPDATE record SET status = %s, reason = %s WHERE id = %s", status, reason, record_id)


def claimed(office: Office, record_id: str) -> None:
    office.sql(CLAIM, record_id, OURS)


def picked(*record_ids: str) -> pb.Chosen:
    return pb.Chosen(ids=pb.RecordIds(record_ids=record_ids))


def all_of(asked: RecordFilter) -> pb.Chosen:
    return pb.Chosen(all_of=asked)


async def push(office: Office, chosen: pb.Chosen, business: str = OURS) -> pb.PushRun:
    answer: pb.PushRecordsResponse = await office.call(pb.PushRecordsRequest(chosen=chosen), "bookkeeper", business)
    return answer.run


async def run_of(office: Office, run_id: str) -> pb.GetPushRunResponse:
    answer: pb.GetPushRunResponse = await office.call(pb.GetPushRunRequest(run_id=run_id), "viewer")
    return answer


async def test_a_push_counts_live_what_becomes_of_its_records(office: Office) -> None:
    ids = [put(office, f"#{number}") for number in range(1001, 1006)]
    run = await push(office, picked(*ids))
    assert (run.found.to_push, run.pending, run.started_by) == (5, 5, "bookkeeper@x.test")
    for record_id, (status, reason) in zip(
        ids, [("synced", ""), ("on_hold", "ENTITY_OFF"), ("error", "A"), ("error", "A"), ("skipped", "B")], strict=True
    ):
        becomes(office, record_id, status, reason)
    told = await run_of(office, run.run_id)
    now = told.run
    assert (now.pending, now.synced, now.on_hold, now.error, now.skipped) == (0, 1, 1, 2, 1)
    assert [(each.reason, each.count) for each in told.reasons] == [("A", 2), ("ENTITY_OFF", 1), ("B", 1)]
    assert told.reasons[1].example.reference == "#1002"
    assert office.woken


async def test_what_is_decided_stays_in_the_report_and_what_waits_is_followed(office: Office) -> None:
    refused, waits = put(office, "#1"), put(office, "#2")
    run = await push(office, picked(refused, waits))
    becomes(office, refused, "error", "NO")
    becomes(office, waits, "on_hold", "WAITS_FOR_MAPPING")
    becomes(office, refused, "synced")
    becomes(office, waits, "pending")
    becomes(office, waits, "synced")
    now = (await run_of(office, run.run_id)).run
    assert (now.error, now.synced) == (1, 1)


async def test_a_record_on_hold_for_one_that_is_on_its_way_is_not_the_end_of_a_run(office: Office) -> None:
    order, customer = put(office, "#1"), put(office, "the customer", "pending", "")
    run = await push(office, picked(order))
    office.sql("UPDATE record SET status = 'on_hold', reason = 'W', waits_for = %s WHERE id = %s", customer, order)
    now = (await run_of(office, run.run_id)).run
    assert (now.on_hold, now.on_hold_for_moments) == (1, 1)
    becomes(office, customer, "error", "CUSTOMER_NOT_MAPPED")
    assert (await run_of(office, run.run_id)).run.on_hold_for_moments == 0


async def test_all_of_a_filter_is_pushed_but_what_is_booked_or_was_ignored_stays(office: Office) -> None:
    put(office, "#1")
    put(office, "#2", "error", "NO")
    put(office, "#3", "synced", "")
    ignored = put(office, "#4", "skipped", "IGNORED")
    put(office, "#5", business=THEIRS)
    office.product(7, "A mug", status="error")
    counted = (await office.call(pb.CountPushRequest(chosen=all_of(ORDERS)), "viewer")).count
    run = await push(office, all_of(ORDERS))
    assert counted == run.found
    found = run.found
    assert (found.to_push, found.in_quickbooks_already, found.ignored, found.on_their_way_already) == (2, 1, 1, 0)
    assert office.sql("SELECT reference FROM record WHERE pushed ORDER BY reference") == [("#1",), ("#2",)]
    assert run.all_of == ORDERS
    assert (await push(office, picked(ignored))).pending == 1, "one that a person names goes all the same"


async def test_a_push_is_over_when_the_record_is_synced_or_changes(office: Office) -> None:
    synced, changed = put(office, "#1"), put(office, "#2")
    await push(office, picked(synced, changed))
    becomes(office, synced, "synced")
    office.sql("UPDATE record SET content_hash = 'new', revision = revision + 1 WHERE id = %s", changed)
    assert office.sql("SELECT pushed FROM record") == [(False,), (False,)]


async def test_pushing_again_what_is_on_its_way_does_nothing(office: Office) -> None:
    record_id = put(office, "#1")
    await push(office, picked(record_id))
    refusal = await office.refused(pb.PushRecordsRequest(chosen=picked(record_id)), "bookkeeper")
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOTHING_TO_PUSH")
    assert office.sql("SELECT count(*) FROM push_run") == [(1,)], "no empty run is left behind"
    more = await push(office, picked(record_id, put(office, "#2")))
    assert (more.pending, more.found.on_their_way_already) == (1, 1)


async def test_several_people_who_push_the_same_at_once_push_it_once(office: Office) -> None:
    put_many(office, 300)
    asked = pb.PushRecordsRequest(chosen=all_of(ORDERS))
    answers = await asyncio.gather(*(office.call(asked, "bookkeeper") for _ in range(6)), return_exceptions=True)
    refused = [each.reason for each in answers if isinstance(each, Refusal)]
    assert refused == ["NOTHING_TO_PUSH"] * 5
    assert office.sql("SELECT count(*), count(DISTINCT record_id) FROM push_member") == [(300, 300)]


async def test_cancelling_takes_back_what_nobody_began_to_write(office: Office) -> None:
    names = {"held": put(office, "#1"), "refused": put(office, "#2", "error", "NO"), "written": put(office, "#3")}
    names["left out"], names["done"] = put(office, "#4", "skipped", "BEFORE_START_DATE"), put(office, "#5")
    office.sql(
        "INSERT INTO attempt (id, business_id, record_id, operation, outcome, reason, sentence, cure)"
        " VALUES (gen_random_uuid(), %s, %s, 'create', 'error', 'NO', 'QuickBooks said no.', 'Ask it nicely.')",
        OURS,
        names["refused"],
    )
    run = await push(office, picked(*names.values()))
    becomes(office, names["done"], "synced")
    claimed(office, names["written"])
    for _ in range(2):
        answer = await office.call(pb.CancelPushRequest(run_id=run.run_id), "bookkeeper")
        now = answer.run
        assert (now.cancelled, now.synced, now.pending, now.cancelled_by) == (3, 1, 1, "bookkeeper@x.test")
    found = dict(office.sql("SELECT reference, status || ' ' || reason || ' ' || sentence FROM record"))
    assert found["#1"].strip() == "pending", "planned as if nobody had pushed it"
    assert found["#2"] == "error NO QuickBooks said no."
    assert found["#3"].strip() == "pending"
    assert found["#4"].strip() == "skipped BEFORE_START_DATE"
    assert office.sql("SELECT reference FROM record WHERE pushed") == [("#3",)]
    again = await push(office, picked(names["refused"]))
    await office.call(pb.CancelPushRequest(run_id=again.run_id), "bookkeeper")
    assert office.sql("SELECT sentence FROM record WHERE reference = '#2'") == [("QuickBooks said no.",)]
    cures = office.sql("SELECT cure FROM attempt WHERE operation = 'cancel push' AND outcome = 'error'")
    assert cures == [("Ask it nicely.",)] * 2, "what is to be done stays with it"


async def test_a_push_of_very_many_records_is_one_statement_and_goes_after_what_happens_now(office: Office) -> None:
    put_many(office, 20_000)
    run = await push(office, all_of(ORDERS))
    assert run.pending == 20_000
    assert office.sql("SELECT count(*) FROM record WHERE history") == [(20_000,)]
    cancelled = await office.call(pb.CancelPushRequest(run_id=run.run_id), "bookkeeper")
    assert (cancelled.run.pending, cancelled.run.cancelled) == (0, 20_000)


async def test_runs_are_listed_newest_first_page_after_page(office: Office) -> None:
    made = [(await push(office, picked(put(office, f"#{number}")))).run_id for number in range(5)]
    token, seen = "", []
    while True:
        answer = await office.call(pb.ListPushRunsRequest(page_size=2, page_token=token), "viewer")
        seen += [each.run_id for each in answer.runs]
        token = answer.next_page_token
        if not token:
            break
    assert seen == made[::-1]


async def test_the_records_of_a_run_are_listed_by_what_became_of_them(office: Office) -> None:
    ids = [put(office, f"#{number}") for number in range(5)]
    run = await push(office, picked(*ids))
    for record_id in ids[:3]:
        becomes(office, record_id, "error", "NO")
    asked = pb.ListPushedRecordsRequest(run_id=run.run_id, outcome=record_pb2.RECORD_STATUS_ERROR, page_size=2)
    first = await office.call(asked, "viewer")
    asked.page_token = first.next_page_token
    rest = await office.call(asked, "viewer")
    assert {each.record_id for each in [*first.records, *rest.records]} == set(ids[:3])
    assert not rest.next_page_token


async def test_nothing_of_another_business_is_pushed_cancelled_ignored_or_shown(office: Office) -> None:
    theirs = put(office, "#1", business=THEIRS)
    run = await push(office, picked(theirs), THEIRS)
    before = office.sql("SELECT id, status, reason, revision, pushed FROM record")
    for request in (
        pb.PushRecordsRequest(chosen=picked(theirs)),
        pb.PushRecordsRequest(chosen=all_of(ORDERS)),
        pb.GetPushRunRequest(run_id=run.run_id),
        pb.CancelPushRequest(run_id=run.run_id),
        pb.ListPushedRecordsRequest(run_id=run.run_id),
        records_pb2.RetryRecordRequest(record_id=theirs),
        records_pb2.IgnoreRecordRequest(record_id=theirs),
    ):
        assert (await office.refused(request, "bookkeeper")).code is grpc.StatusCode.NOT_FOUND
    assert not (await office.call(pb.ListPushRunsRequest())).runs
    passed_over = await office.call(records_pb2.IgnoreRecordsRequest(record_ids=[theirs]), "bookkeeper")
    assert passed_over == records_pb2.IgnoreRecordsResponse()
    assert office.sql("SELECT id, status, reason, revision, pushed FROM record") == before


@pytest.mark.parametrize(
    "request_",
    [
        pb.PushRecordsRequest(),
        pb.PushRecordsRequest(chosen=picked()),
        pb.PushRecordsRequest(chosen=picked(*(str(uuid4()) for _ in range(10_001)))),
        pb.PushRecordsRequest(chosen=all_of(RecordFilter(status=99))),  # type: ignore[arg-type]
        pb.PushRecordsRequest(chosen=all_of(RecordFilter(kind=99))),  # type: ignore[arg-type]
        pb.ListPushRunsRequest(page_token="x"),
        pb.ListPushRunsRequest(page_size=51),
        records_pb2.ListRecordsRequest(filter=RecordFilter(status=99)),  # type: ignore[arg-type]
        records_pb2.RetryAllRequest(filter=RecordFilter(kind=99)),  # type: ignore[arg-type]
        records_pb2.IgnoreRecordsRequest(),
        records_pb2.IgnoreRecordsRequest(record_ids=[str(uuid4()) for _ in range(10_001)]),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(office: Office, request_: Any) -> None:
    put(office, "#1")
    assert (await office.refused(request_, "bookkeeper")).code is grpc.StatusCode.INVALID_ARGUMENT
    assert office.sql("SELECT count(*) FROM record WHERE pushed") == [(0,)]


async def test_thousands_of_ids_are_pushed_in_one_go(office: Office) -> None:
    put_many(office, 5_000)
    ids = [str(found) for (found,) in office.sql("SELECT id FROM record")]
    assert (await push(office, picked(*ids, str(uuid4()), ids[0]))).pending == 5_000


async def test_a_viewer_steers_nothing(office: Office) -> None:
    record_id = put(office, "#1")
    for request in (
        pb.PushRecordsRequest(chosen=picked(record_id)),
        pb.CancelPushRequest(run_id=str(uuid4())),
        records_pb2.IgnoreRecordsRequest(record_ids=[record_id]),
    ):
        assert (await office.refused(request, "viewer")).code is grpc.StatusCode.PERMISSION_DENIED


async def test_retry_all_retries_what_the_filter_shows_and_writes_down_who_did(office: Office) -> None:
    first, other = put(office, "#1001", "error", "NO"), put(office, "#2002", "error", "NO")
    put(office, "#1002")
    answer = await office.call(records_pb2.RetryAllRequest(filter=RecordFilter(text="#100")), "bookkeeper")
    assert answer.retried == 1
    assert office.sql("SELECT status FROM record WHERE id IN (%s, %s) ORDER BY reference", first, other) == [
        ("pending",),
        ("error",),
    ]
    assert office.sql("SELECT record_id::text, operation, outcome, sentence FROM attempt") == [
        (first, "retry", "pending", "Retried by bookkeeper@x.test.")
    ]


async def test_a_record_that_is_being_written_cannot_be_ignored_and_the_person_is_told_why(office: Office) -> None:
    written = put(office, "#1", "pending", "")
    claimed(office, written)
    refusal = await office.refused(records_pb2.IgnoreRecordRequest(record_id=written), "bookkeeper")
    assert refusal.reason == "IN_FLIGHT"
    assert "being written to QuickBooks right now" in refusal.say
    chosen = [written, put(office, "#2"), put(office, "#3", "synced", "")]
    several = await office.call(records_pb2.IgnoreRecordsRequest(record_ids=chosen), "bookkeeper")
    assert (several.ignored, several.being_written, several.in_quickbooks) == (1, 1, 1)
    assert office.sql("SELECT operation, outcome, reason, sentence FROM attempt") == [
        ("ignore", "skipped", "IGNORED", "Ignored by bookkeeper@x.test.")
    ]


async def test_ignoring_waits_for_a_claim_that_is_being_committed_and_then_sees_it(office: Office) -> None:
    record_id = put(office, "#1", "pending", "")
    with psycopg.connect(office.url) as claiming:
        claiming.execute(CLAIM.encode(), (record_id, OURS))
        asked = records_pb2.IgnoreRecordRequest(record_id=record_id)
        ignoring = asyncio.create_task(office.refused(asked, "bookkeeper"))
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        for _ in range(500):
            if office.sql(waiting) == [(1,)]:
                break
            await asyncio.sleep(0.02)
        claiming.commit()
    assert (await ignoring).reason == "IN_FLIGHT"
    assert office.sql("SELECT status FROM record") == [("pending",)]


async def test_open_pages_are_told_of_what_a_person_decides(office: Office) -> None:
    ignored, retried = put(office, "#1"), put(office, "#2", "error", "NO")
    await office.call(records_pb2.IgnoreRecordsRequest(record_ids=[ignored]), "bookkeeper")
    await office.call(records_pb2.RetryRecordRequest(record_id=retried), "bookkeeper")
    told = [
        (subject, record_pb2.RecordEvent.FromString(payload).reference)
        for subject, payload in office.sql("SELECT subject, payload FROM outbox ORDER BY id")
    ]
    assert told == [(f"records.v1.{OURS}.skipped", "#1"), (f"records.v1.{OURS}.pending", "#2")]


async def test_the_numbers_of_a_filter_are_counted_by_kind_and_status(office: Office) -> None:
    put(office, "#1")
    put(office, "#2")
    put(office, "#3", "error", "NO", business=THEIRS)
    counts = (await office.call(records_pb2.CountRecordsRequest(filter=ORDERS), "viewer")).counts
    assert [(each.status, each.count) for each in counts] == [(record_pb2.RECORD_STATUS_ON_HOLD, 2)]


async def test_the_audit_log_is_exported_without_formulas_and_without_other_businesses(office: Office) -> None:
    put(office, '=HYPERLINK("http://x")', "error", "NO")
    put(office, "#9", "error", "NO", business=THEIRS)
    office.sql(
        "INSERT INTO attempt (id, business_id, record_id, operation, outcome, sentence, request)"
        " SELECT gen_random_uuid(), business_id, id, 'create', 'error', '+1 ' || n, 'the body'"
        " FROM record, generate_series(1, 1200) n"
    )
    content = await office.call(records_pb2.ExportAttemptsRequest(), "viewer")
    head, *lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(lines) == 1200
    first = dict(zip(head, lines[0], strict=True))
    assert first["sentence"].endswith("+1 1200")
    assert not [cell for line in lines for cell in line if cell.startswith(("=", "+", "-", "@"))]
    assert "the body" not in content.decode()
