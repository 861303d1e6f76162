"""A rest ends when it is woken, when its time is over, and when it is cancelled, whatever else happens then."""

from __future__ import annotations

import asyncio

import pytest

from ledgerport_libs.resting import rest


async def test_it_is_cut_short_by_waking() -> None:
    wake = asyncio.Event()
    resting = asyncio.create_task(rest(wake, 600))
    await asyncio.sleep(0)
    wake.set()
    await resting


async def test_it_ends_by_itself() -> None:
    await rest(asyncio.Event(), 0.01)


async def test_a_cancellation_in_the_moment_of_waking_is_not_lost() -> None:
    wake = asyncio.Event()

    async def loop() -> None:
        while True:
            await rest(wake, 600)
            wake.clear()

    looping = asyncio.create_task(loop())
    await asyncio.sleep(0)
    wake.set()
    await asyncio.sleep(0)  # it has been woken and has not gone on yet
    looping.cancel()
    done, _ = await asyncio.wait([looping], timeout=5)
    assert done
    with pytest.raises(asyncio.CancelledError):
        looping.result()
