"""Sealed tokens open only where they belong."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.sealing import BrokenSeal, KeyRing, Place

HERE = Place("business-1", "quickbooks", "refresh")
RING = KeyRing("k1", {"k1": b"1" * 32})


@given(st.text(min_size=1, max_size=600))
def test_what_was_sealed_opens_again(secret: str) -> None:
    assert RING.open(RING.seal(secret, HERE), HERE) == secret


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_anywhere_breaks_the_seal(where: int, flip: int) -> None:
    sealed = bytearray(RING.seal("a refresh token", HERE))
    sealed[where % len(sealed)] ^= flip
    with pytest.raises(BrokenSeal):
        RING.open(bytes(sealed), HERE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place("business-2", "quickbooks", "refresh"),
        Place("business-1", "shopify", "refresh"),
        Place("business-1", "quickbooks", "access"),
    ],
)
def test_a_token_of_another_business_provider_or_field_does_not_open(elsewhere: Place) -> None:
    with pytest.raises(BrokenSeal):
        RING.open(RING.seal("a refresh token", HERE), elsewhere)


def test_an_older_key_still_opens_after_a_new_one_became_active() -> None:
    newer = KeyRing("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
    assert newer.open(RING.seal("old", HERE), HERE) == "old"
    with pytest.raises(BrokenSeal):
        RING.open(newer.seal("new", HERE), HERE)


def test_an_empty_or_cut_value_is_a_broken_seal() -> None:
    for end in range(30):
        with pytest.raises(BrokenSeal):
            RING.open(RING.seal("token", HERE)[:end], HERE)


def test_a_ring_without_its_active_key_or_with_a_short_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ring.json"
    for ring in ({"active": "k2", "keys": {"k1": base64.b64encode(b"1" * 32).decode()}}, {"active": "k1", "keys": {}}):
        file.write_text(json.dumps(ring))
        with pytest.raises(ValueError, match="ring"):
            KeyRing.load(file)
    with pytest.raises(ValueError, match="32 bytes"):
        KeyRing("k", {"k": b"short"})
