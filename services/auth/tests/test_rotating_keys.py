"""Rotating the sealing keys: a new ring, one pass, no downtime, and the former key is of no use any more."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from auth.resealing import Resealing, Tally
from auth.sealing import BrokenSeal, KeyRing, Place
from auth.settings import Settings
from ledgerport_libs.database import Database, Queries
from tests.auth_office import CRAIG, HARBOR, Intuit, Office, Shopify, office_over

EXPIRE = "UPDATE credential SET expires_at = now(), issued_at = now() - interval '1 hour'"
KEYS = {name: base64.b64encode(os.urandom(32)).decode() for name in ("k1", "k2")}


@pytest.fixture
def ring_file(tmp_path: Path) -> Path:
    file = tmp_path / "ring.json"
    write(file, "k1", "k1")
    return file


def write(file: Path, active: str, *names: str) -> None:
    """Put in place at once, as an operator's tools do."""
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({"active": active, "keys": {name: KEYS[name] for name in names}}))
    fresh.replace(file)


async def rotate(office: Office, ring_file: Path, batch: int = 1) -> tuple[Tally, int]:
    """What a pass did, and how many values another key than the active one has sealed still."""
    db = Database(office.url, Queries.of("auth", "resealing.sql"), pool_size=2)
    await db.open()
    try:
        resealing = Resealing(db, KeyRing.load(ring_file), batch)
        return await resealing.work(), await resealing.waiting()
    finally:
        await db.close()


async def test_everything_is_sealed_anew_while_auth_runs_and_issues(
    settings: Settings, intuit: Intuit, shopify: Shopify, ring_file: Path
) -> None:
    told = settings.model_copy(update={"sealing_keys_file": ring_file})
    async with office_over(told, intuit, shopify) as office, office_over(told, intuit, shopify) as replica:
        intuit.post("knobs", refresh_rotation_age=0)
        owners = [await office.owner(), await office.owner("Second")]
        for owner, realm in zip(owners, (CRAIG, HARBOR), strict=True):
            await office.connected(owner, realm)
            office.change(EXPIRE)
            await office.desks.issuing.issue(owner.business_id, "quickbooks")  # leaves a spare
        write(ring_file, "k2", "k1", "k2")
        assert office.desks.ring.follow()

        async def issuing() -> int:
            """Refresh again and again, by a replica that has not looked at the ring yet and by one that has."""
            for _ in range(6):
                office.change(EXPIRE)
                for each in (office, replica):
                    for owner in owners:
                        await each.desks.issuing.issue(owner.business_id, "quickbooks")
            return 6

        _, rounds = await asyncio.gather(rotate(office, ring_file), issuing())
        assert rounds == 6
        replica.desks.ring.follow()
        tally, waiting = await rotate(office, ring_file)
        assert (tally.broken, waiting) == ([], 0)

        write(ring_file, "k2", "k2")
        for each in (office, replica):
            each.desks.ring.follow()
            assert each.desks.ring.names == ["k2"]
        for owner in owners:
            before = await office.desks.issuing.issue(owner.business_id, "quickbooks")
            office.change(EXPIRE)
            after = await replica.desks.issuing.issue(owner.business_id, "quickbooks")
            assert after.version > before.version
        former = KeyRing("k1", {"k1": base64.b64decode(KEYS["k1"])})
        sealed = office.rows("SELECT business_id, refresh_sealed FROM credential")
        assert len(sealed) == 2
        for business, value in sealed:
            with pytest.raises(BrokenSeal):
                former.open(value, Place(business, "quickbooks", "refresh"))
        assert "refused" not in office.events()


async def test_what_no_key_opens_is_named_and_the_rest_is_done(office: Office, tmp_path: Path) -> None:
    one, two = await office.owner(), await office.owner("Second")
    await office.connected(one)
    await office.connected(two, HARBOR)
    office.rows("UPDATE credential SET access_sealed = %s WHERE account = %s RETURNING 1", b"\x01\x02xx0123", CRAIG)
    old = json.loads(office.settings.sealing_keys_file.read_text())
    file = tmp_path / "ring.json"
    file.write_text(json.dumps({"active": "k2", "keys": {**old["keys"], "k2": KEYS["k2"]}}))
    tally, waiting = await rotate(office, file, batch=50)
    assert tally == Tally(done=3, broken=[f"access {one.business_id}|quickbooks"])
    assert waiting == 1


def test_a_broken_file_leaves_the_ring_as_it_was(ring_file: Path) -> None:
    ring = KeyRing.load(ring_file)
    place = Place("b", "quickbooks", "access")
    sealed = ring.seal("token", place)
    ring_file.write_text("{")
    assert not ring.follow()
    ring_file.unlink()
    assert not ring.follow()
    assert ring.open(sealed, replace(place)) == "token"
