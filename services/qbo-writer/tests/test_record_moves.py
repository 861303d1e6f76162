"""The statements of the service move a record as the table of moves says, whatever happens in whatever order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from ledgerport_libs.migrations import migrate
from ledgerport_local.databases import TemplateDatabases
from qbo_writer.record_moves import MOVES, Happening, State, after
from qbo_writer.statements import statements
from qbo_writer.sync_config import RECONSIDERED, RECONSIDERED_SKIPPED

BUSINESS = "business-1"
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "architecture.md"
SQL = statements()
NUMBERS = count(1)
# Reasons that a closed period, new settings and a mapping all take back.
HELD, REFUSED, EXCLUDED = "CLOSED_PERIOD", "PRODUCT_NOT_MAPPED", "BEFORE_START_DATE"
_MOVING = re.compile(r"\b(?:UPDATE|INSERT INTO) record\b")


class Walk:
    """One record, moved by the real statements."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection, self.number = connection, next(NUMBERS)
        self.id, self.other = uuid4(), uuid4()
        self.source_id = f"gid://shopify/Order/{self.number}"
        self.version = 0
        self.used: set[str] = set()

    def run(self, name: str, **params: object) -> int:
        self.used.add(name)
        return self.connection.execute(SQL[name], params).rowcount

    def read(self, columns: str) -> Any:
        query = sql.SQL("SELECT {} FROM record WHERE id = %s").format(sql.SQL(columns))
        return self.connection.execute(query, (self.id,)).fetchone()

    @property
    def state(self) -> State:
        row = self.read("status, reason, waits_for, EXISTS (SELECT 1 FROM claim WHERE record_id = record.id)")
        if row is None:
            return State.ABSENT
        status, reason, waits_for, claimed = row
        if status == "pending":
            return State.IN_FLIGHT if claimed else State.PENDING
        assert not claimed, "a claim stands for nothing that is not pending"
        if status == "on_hold":
            return State.WAITING if waits_for else State.ON_HOLD
        if status == "skipped":
            return State.IGNORED if reason == "IGNORED" else State.SKIPPED
        return State(status)

    @property
    def row(self) -> dict[str, object]:
        self.version += 1
        return {
            "id": self.id,
            "business_id": BUSINESS,
            "kind": "order",
            "source_id": self.source_id,
            "parent_id": None,
            "reference": f"#{self.number}",
            "source_updated_at": "2026-11-22T10:00:00Z",
            "observed_at": f"2026-11-22T10:{self.version // 60 % 60:02}:{self.version % 60:02}Z",
            "content_hash": self.version.to_bytes(4, "big"),
            "payload": b"",
            "total_minor": 100,
            "currency": "USD",
            "traceparent": "",
            "history": False,
        }

    @property
    def where(self) -> dict[str, object]:
        """A filter that finds this record alone."""
        text = f"#{self.number}"
        return {"business_id": BUSINESS, "status": None, "kind": None, "text": text, "since": None, "until": None}

    def settle(self, status: str, reason: str = "", *, waits_for: UUID | None = None, older: bool = False) -> None:
        """As the third step does: the claim goes, the record moves. Delivery settles only what it has planned."""
        self.run("claims_drop", ids=[self.id])
        [revision] = self.read("revision")
        self.run(
            "settle",
            ids=[self.id],
            revisions=[revision - older],
            statuses=[status],
            reasons=[reason],
            sentences=[""],
            waits_for=[waits_for],
        )

    def claim(self) -> None:
        self.connection.execute(
            "INSERT INTO claim (record_id, business_id, operation, entity, request_id, body, body_hash, revision)"
            " VALUES (%s, %s, 'create', 'SalesReceipt', 'r', '', '', 1)",
            (self.id, BUSINESS),
        )

    def push(self, record_ids: list[UUID] | None) -> None:
        run_id = uuid4()
        asked: dict[str, object] = {"run_id": run_id, "business_id": BUSINESS, "started_by": "b@x.test", "asked": "{}"}
        self.run("push_run_add", **asked, in_books=0, on_their_way=0, left_out=0)
        said = {"sentence": "Pushed.", "trace_id": ""}
        self.run("push_records", **self.where, record_ids=record_ids, run_id=run_id, many=100, **said)

    def cancel_push(self) -> None:
        [run_id] = self.read("push_run")
        self.run("push_take_back", **ONE, run_id=run_id, sentence="Cancelled.", trace_id="")

    def reconsider(self) -> None:
        told = {"reasons": list(RECONSIDERED), "skipped_reasons": list(RECONSIDERED_SKIPPED)}
        self.run("reconsider", business_id=BUSINESS, **told)


ONE = {"business_id": BUSINESS}
SAID = {"sentence": "By somebody.", "trace_id": ""}
DO: dict[Happening, Callable[[Walk], object]] = {
    Happening.CHANGED: lambda w: w.run("fold_record", **w.row),
    Happening.MENTIONED: lambda w: w.run("add_record_if_missing", **w.row),
    Happening.PUT_IN_LINE: lambda w: w.run("spawn_record", **w.row),
    Happening.CLAIMED: lambda w: w.claim(),
    Happening.BOOKED: lambda w: w.settle("synced"),
    Happening.MORE_TO_BOOK: lambda w: w.settle("pending"),
    Happening.REFUSED: lambda w: w.settle("error", REFUSED),
    Happening.HELD: lambda w: w.settle("on_hold", HELD),
    Happening.MISSES_ANOTHER: lambda w: w.settle("on_hold", "WAITS_FOR_MAPPING", waits_for=w.other),
    Happening.EXCLUDED: lambda w: w.settle("skipped", EXCLUDED),
    Happening.OUTDATED: lambda w: w.settle("on_hold", HELD, older=True),
    Happening.TROUBLE: lambda w: w.run("retry_later", record_id=w.id, seconds=5, reason="DOWN", sentence=""),
    Happening.ANOTHER_BOOKED: lambda w: w.run("wake_waiting", ids=[w.other]),
    Happening.PERIOD_OPENED: lambda w: w.run("wake_closed_period", **ONE),
    Happening.SETTINGS_CHANGED: lambda w: w.reconsider(),
    Happening.MAPPED: lambda w: w.run("try_again", **ONE, kind="order", source_ids=[w.source_id]),
    Happening.RETRIED: lambda w: w.run("retry_record", **ONE, record_id=w.id),
    Happening.RETRIED_WITH_ALL: lambda w: w.run("retry_all", **w.where, **SAID),
    Happening.PUSHED: lambda w: w.push([w.id]),
    Happening.PUSHED_WITH_ALL: lambda w: w.push(None),
    Happening.PUSH_CANCELLED: lambda w: w.cancel_push(),
    Happening.IGNORED: lambda w: w.run("ignore_records", **ONE, record_ids=[w.id], sentence="Ignored by somebody."),
    Happening.ERASED: lambda w: w.run("record_forget", id=w.id, payload=b"", reference=f"#{w.number}"),
}
# What only delivery does, and only with a record that it has planned.
OF_DELIVERY = {
    Happening.CLAIMED,
    Happening.BOOKED,
    Happening.MORE_TO_BOOK,
    Happening.REFUSED,
    Happening.HELD,
    Happening.MISSES_ANOTHER,
    Happening.EXCLUDED,
    Happening.OUTDATED,
}
MOVE_NO_STATUS = {"fold_version", "wait_out", "goes_before_history"}


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection[Any]]:
    def migrated(url: str) -> None:
        migrate(url, "qbo_writer")

    with (
        TemplateDatabases() as server,
        server.clone(server.template("writer", migrated)) as url,
        psycopg.connect(url, autocommit=True) as opened,
    ):
        yield opened


def concerns(state: State, happening: Happening, walk: Walk) -> bool:
    """Delivery never begins with what is not pending, and a push is cancelled only where one is going on."""
    if happening is Happening.PUSH_CANCELLED:
        return walk.read("push_run") not in (None, (None,))
    return happening not in OF_DELIVERY or after(state, happening) is not None


def happens(walk: Walk, happening: Happening, told: object) -> None:
    """It happens to the record, and the record is then what the table says."""
    before = walk.state
    if not concerns(before, happening, walk):
        return
    was = _member_before(walk) if happening is Happening.PUSH_CANCELLED else None
    DO[happening](walk)
    assert walk.state is (was or after(before, happening) or before), f"{before} + {happening}: {told}"


# The shortest way from nothing to each state.
WAYS: dict[State, list[Happening]] = {
    State.ABSENT: [],
    State.PENDING: [Happening.CHANGED],
    State.IN_FLIGHT: [Happening.CHANGED, Happening.CLAIMED],
    State.ON_HOLD: [Happening.CHANGED, Happening.HELD],
    State.WAITING: [Happening.CHANGED, Happening.MISSES_ANOTHER],
    State.SYNCED: [Happening.CHANGED, Happening.BOOKED],
    State.ERROR: [Happening.CHANGED, Happening.REFUSED],
    State.SKIPPED: [Happening.CHANGED, Happening.EXCLUDED],
    State.IGNORED: [Happening.CHANGED, Happening.IGNORED],
}


@pytest.mark.parametrize("state", State)
def test_in_each_state_each_happening_moves_a_record_as_the_table_says(
    connection: psycopg.Connection[Any], state: State
) -> None:
    for between in ([], [Happening.PUSHED], [Happening.PUSHED, Happening.CHANGED], [Happening.RETRIED]):
        for happening in Happening:
            walk = Walk(connection)
            for step in WAYS[state]:
                DO[step](walk)
            assert walk.state is state
            for step in [*between, happening]:
                happens(walk, step, between)


@given(st.lists(st.sampled_from(list(Happening)), min_size=1, max_size=14))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_in_whatever_order_the_statements_keep_to_the_table(
    connection: psycopg.Connection[Any], happenings: list[Happening]
) -> None:
    walk = Walk(connection)
    for happening in [Happening.CHANGED, *happenings]:
        happens(walk, happening, happenings)


def _member_before(walk: Walk) -> State | None:
    """What a cancelled push puts back: only what was refused or left out, and did not change since."""
    found = walk.connection.execute(
        "SELECT m.was, m.was_reason FROM push_member m JOIN record r ON r.id = m.record_id AND r.push_run = m.run_id"
        " WHERE r.id = %s AND r.revision = m.revision AND r.status = 'pending'"
        " AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.record_id = r.id)",
        (walk.id,),
    ).fetchone()
    if found is None or found[0] not in ("error", "skipped"):
        return None
    return State.IGNORED if found[1] == "IGNORED" else State.SKIPPED if found[0] == "skipped" else State.ERROR


@pytest.mark.parametrize("happening", Happening)
def test_every_happening_is_walked(happening: Happening) -> None:
    assert happening in DO
    assert happening in MOVES


def test_no_statement_moves_a_record_without_a_word_in_the_table(connection: psycopg.Connection[Any]) -> None:
    walked = set()
    for happening in Happening:
        walk = Walk(connection)
        DO[Happening.CHANGED](walk)
        if happening is Happening.PUSH_CANCELLED:
            DO[Happening.PUSHED](walk)
        DO[happening](walk)
        walked |= walk.used
    moving = {name for name in SQL if _MOVING.search(SQL[name])}
    assert moving - walked == MOVE_NO_STATUS


def test_what_a_person_ignored_is_not_brought_back_by_what_was_planned_before(
    connection: psycopg.Connection[Any],
) -> None:
    walk = Walk(connection)
    for happening in (Happening.CHANGED, Happening.IGNORED, Happening.OUTDATED):
        DO[happening](walk)
    assert walk.state is State.IGNORED
    assert walk.read("sentence") == ("Ignored by somebody.",)


def drawn() -> str:
    """The table of moves as the document shows it."""
    shown = [state for state in State if state is not State.ABSENT]
    lines = ["| happening | " + " | ".join(shown) + " |", "| --- |" + " --- |" * len(shown)]
    for happening in Happening:
        cells = [after(state, happening) for state in shown]
        told = [
            "–" if cell is None else "stays" if cell is state else cell
            for cell, state in zip(cells, shown, strict=True)
        ]
        lines.append(f"| {happening} | " + " | ".join(told) + " |")
    return "\n".join(lines)


def test_the_document_shows_the_table(request: pytest.FixtureRequest) -> None:
    """Written anew by `pytest services/qbo-writer/tests/test_record_moves.py --update-golden`."""
    begin, end = "<!-- moves: begin -->\n", "\n<!-- moves: end -->"
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(begin)
    wanted = f"{before}{begin}{drawn()}{end}{rest.partition(end)[2]}"
    if request.config.getoption("--update-golden", default=False):
        DOCUMENT.write_text(wanted)
    assert DOCUMENT.read_text() == wanted, "run with --update-golden"
