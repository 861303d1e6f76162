"""The life of a record as a table of moves: what each happening makes of each state. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """A record's status, and beside it what decides about its next move."""

    ABSENT = "not there"
    PENDING = "pending"
    IN_FLIGHT = "pending, being written"
    ON_HOLD = "on hold"
    WAITING = "on hold for another record"
    SYNCED = "synced"
    ERROR = "error"
    SKIPPED = "skipped by a rule"
    IGNORED = "skipped by a person"


class Happening(StrEnum):
    """What can happen to a record. Each is one statement of the service."""

    CHANGED = "changed in Shopify"
    MENTIONED = "mentioned by an order"
    PUT_IN_LINE = "payment put in line"
    CLAIMED = "claimed"
    BOOKED = "posted"
    MORE_TO_BOOK = "posted in part"
    REFUSED = "refused"
    HELD = "held"
    MISSES_ANOTHER = "misses another record"
    EXCLUDED = "excluded by a rule"
    OUTDATED = "outcome of an older version"
    TROUBLE = "passing trouble"
    ANOTHER_BOOKED = "what it waited for is posted"
    PERIOD_OPENED = "company read again"
    SETTINGS_CHANGED = "settings changed"
    MAPPED = "mapped by a person"
    RETRIED = "retried"
    RETRIED_WITH_ALL = "retried with all"
    PUSHED = "pushed"
    PUSHED_WITH_ALL = "pushed with all"
    PUSH_CANCELLED = "push cancelled"
    IGNORED = "ignored"
    ERASED = "details erased"


Moves = Mapping[State, State]
_THERE = tuple(state for state in State if state is not State.ABSENT)
# What delivery works on: nothing else is planned, claimed or settled.
_TRIED = (State.PENDING, State.IN_FLIGHT)
_NOT_BOOKED = (State.PENDING, State.ON_HOLD, State.WAITING, State.ERROR, State.SKIPPED)


def _to(after: State, *before: State) -> Moves:
    return dict.fromkeys(before, after)


_IN_FLIGHT_STAYS: Moves = {State.IN_FLIGHT: State.IN_FLIGHT}
_IGNORED_STAYS: Moves = {State.IGNORED: State.IGNORED}
MOVES: Mapping[Happening, Moves] = {
    Happening.CHANGED: {**_to(State.PENDING, *State), **_IN_FLIGHT_STAYS, **_IGNORED_STAYS},
    Happening.MENTIONED: _to(State.PENDING, State.ABSENT),
    Happening.PUT_IN_LINE: _to(State.PENDING, State.ABSENT, State.ON_HOLD, State.ERROR),
    Happening.CLAIMED: _to(State.IN_FLIGHT, State.PENDING),
    Happening.BOOKED: _to(State.SYNCED, *_TRIED),
    Happening.MORE_TO_BOOK: _to(State.PENDING, *_TRIED),
    Happening.REFUSED: _to(State.ERROR, *_TRIED),
    Happening.HELD: _to(State.ON_HOLD, *_TRIED),
    Happening.MISSES_ANOTHER: _to(State.WAITING, State.PENDING),
    Happening.EXCLUDED: _to(State.SKIPPED, State.PENDING),
    # It was planned before the record changed, or before a person decided: it is looked at again, or stays out.
    Happening.OUTDATED: {**_to(State.PENDING, *_TRIED), **_IGNORED_STAYS},
    Happening.TROUBLE: {State.PENDING: State.PENDING, **_IN_FLIGHT_STAYS},
    Happening.ANOTHER_BOOKED: _to(State.PENDING, State.WAITING),
    # Only what is held for a closed period.
    Happening.PERIOD_OPENED: _to(State.PENDING, State.ON_HOLD),
    # Only what waits or was left out for a reason that settings decide.
    Happening.SETTINGS_CHANGED: _to(State.PENDING, State.ON_HOLD, State.WAITING, State.ERROR, State.SKIPPED),
    Happening.MAPPED: _to(State.PENDING, State.ON_HOLD, State.WAITING, State.ERROR, State.SKIPPED),
    Happening.RETRIED: {**_to(State.PENDING, *_NOT_BOOKED, State.IGNORED), **_IN_FLIGHT_STAYS},
    Happening.RETRIED_WITH_ALL: _to(State.PENDING, State.ERROR),
    Happening.PUSHED: {**_to(State.PENDING, *_NOT_BOOKED, State.IGNORED), **_IN_FLIGHT_STAYS},
    # What a person left out is brought back only by its own name.
    Happening.PUSHED_WITH_ALL: {**_to(State.PENDING, *_NOT_BOOKED), **_IN_FLIGHT_STAYS},
    # What was refused or left out before the push is so again; the rest is planned as if nobody had pushed it.
    Happening.PUSH_CANCELLED: _to(State.PENDING, State.PENDING),
    Happening.IGNORED: _to(State.IGNORED, *_NOT_BOOKED, State.IGNORED),
    Happening.ERASED: {state: state for state in _THERE},
}


def after(state: State, happening: Happening) -> State | None:
    """The state after this; None where it does not concern a record in this state, or is refused."""
    return MOVES[happening].get(state)
