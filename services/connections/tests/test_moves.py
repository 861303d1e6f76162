"""The table of moves: what may become what, and what each does to the gate."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connections import moves
from connections.moves import MOVES, Account, State, Status, why_closed

NOW = datetime(2026, 3, 1, tzinfo=UTC)
COMPANY = Account("93", "Craig's Design", "", "owner@example.test", "accounting", None)


def state(status: Status, reason: str = "", paused: bool = False) -> State:
    return State("quickbooks", status, reason, "", paused, None, "", "", "", "", "", None, "", None)


@pytest.mark.parametrize("status", list(Status))
def test_every_status_can_be_connected_and_a_pause_survives_it(status: Status) -> None:
    change = moves.connect(state(status, paused=True), COMPANY, NOW)
    assert change is not None
    assert (change.state.status, change.state.paused) == (Status.CONNECTED, True)
    assert change.sentence.startswith("QuickBooks was connected to Craig's Design by owner@example.test.")


def test_only_what_is_connected_can_fall_ill() -> None:
    ill = {s for s in Status if moves.fall_ill(state(s), "INVALID_GRANT", "words", "auth")}
    assert ill == {Status.CONNECTED, Status.UNHEALTHY}


def test_what_passes_by_itself_never_hides_what_needs_a_person() -> None:
    refused = state(Status.UNHEALTHY, "INVALID_GRANT")
    assert moves.fall_ill(refused, moves.UNREACHABLE, "words", "probe") is None
    assert moves.recover(refused, "probe") is None
    away = moves.recover(state(Status.UNHEALTHY, moves.UNREACHABLE), "probe")
    assert away is not None
    assert away.state.status is Status.CONNECTED


def test_the_same_illness_again_is_no_news() -> None:
    assert moves.fall_ill(state(Status.UNHEALTHY, "X"), "X", "words", "auth") is None


def test_a_disconnected_connection_stays_so_until_it_is_connected() -> None:
    assert MOVES[Status.DISCONNECTED] == {Status.CONNECTED}
    assert moves.disconnect(state(Status.DISCONNECTED), "a") is None


def test_the_gate_is_open_exactly_while_connected_and_not_paused() -> None:
    closed = {(s, p): why_closed(s, p) for s in Status for p in (False, True)}
    assert [key for key, reason in closed.items() if not reason] == [(Status.CONNECTED, False)]
    assert closed[Status.CONNECTED, True] == "PAUSED"
    assert closed[Status.DISCONNECTED, True] == "DISCONNECTED"
