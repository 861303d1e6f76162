"""The table of moves: what may become what, and what each does to the gate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from connections import moves
from connections.moves import MOVES, Account, Change, State, Status, why_closed

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


ACTS: dict[str, Callable[[State], Change | None]] = {
    "connect": lambda now: moves.connect(now, COMPANY, NOW),
    "refused": lambda now: moves.fall_ill(now, "INVALID_GRANT", "words", "auth"),
    "unreachable": lambda now: moves.fall_ill(now, moves.UNREACHABLE, "words", "probe"),
    "suspended": lambda now: moves.fall_ill(now, moves.COMPANY_SUSPENDED, "words", "probe"),
    "good probe": lambda now: moves.recover(now, "probe"),
    "disconnect": lambda now: moves.disconnect(now, "owner@example.test"),
    "uninstalled": lambda now: moves.disconnect(now, "the store", "STORE_UNINSTALLED", "words"),
    "pause": lambda now: moves.pause(now, "owner@example.test", NOW),
    "resume": lambda now: moves.resume(now, "owner@example.test"),
}
REASONS = ("", "INVALID_GRANT", moves.UNREACHABLE, moves.COMPANY_SUSPENDED)
# Where each act leads from each status and reason; what is not here changes nothing.
LEADS: dict[str, dict[Status, tuple[Status, str]]] = {
    "connect": dict.fromkeys(Status, (Status.CONNECTED, "")),
    "refused": dict.fromkeys((Status.CONNECTED, Status.UNHEALTHY), (Status.UNHEALTHY, "INVALID_GRANT")),
    "unreachable": dict.fromkeys((Status.CONNECTED, Status.UNHEALTHY), (Status.UNHEALTHY, moves.UNREACHABLE)),
    "suspended": dict.fromkeys((Status.CONNECTED, Status.UNHEALTHY), (Status.UNHEALTHY, moves.COMPANY_SUSPENDED)),
    "good probe": {Status.UNHEALTHY: (Status.CONNECTED, "")},
    "disconnect": {s: (Status.DISCONNECTED, "") for s in Status if s is not Status.DISCONNECTED},
    "uninstalled": {s: (Status.DISCONNECTED, "STORE_UNINSTALLED") for s in Status if s is not Status.DISCONNECTED},
}


def expected(act: str, now: State) -> tuple[Status, str, bool] | None:
    """What the table says; None where nothing changes."""
    if act in ("pause", "resume"):
        wanted = act == "pause"
        return None if now.paused == wanted else (now.status, now.reason, wanted)
    if now.status not in LEADS[act]:
        return None
    status, reason = LEADS[act][now.status]
    lasting = now.status is Status.UNHEALTHY and now.reason not in moves.PASSING_REASONS
    passing = act in ("unreachable", "suspended", "good probe")
    if passing and lasting:
        return None
    if status is Status.UNHEALTHY and (now.status, now.reason) == (status, reason):
        return None
    return status, reason, now.paused


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("act", ACTS)
def test_every_act_in_every_state_leads_where_the_table_says(
    act: str, status: Status, reason: str, paused: bool
) -> None:
    now = state(status, reason, paused)
    change = ACTS[act](now)
    wanted = expected(act, now)
    assert (change and (change.state.status, change.state.reason, change.state.paused)) == wanted
    if change is not None:
        assert change.sentence
        assert change.actor
        assert change.state.status in MOVES[now.status] | {now.status}
        kept = ("provider", "account_id") if act != "connect" else ("provider",)
        assert [getattr(change.state, name) for name in kept] == [getattr(now, name) for name in kept]
