"""A moment crosses a proto unchanged, and none stays none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from ledgerport_libs.timestamps import timestamp


def test_a_moment_is_the_same_in_every_zone() -> None:
    here = datetime(2026, 11, 22, 9, 30, 0, 250_000, timezone(timedelta(hours=-5)))
    stamp = timestamp(here)
    assert stamp is not None
    assert stamp.ToDatetime(tzinfo=UTC) == here


def test_no_moment_leaves_the_field_absent() -> None:
    assert timestamp(None) is None
