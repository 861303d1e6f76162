"""Tasks that are told to end do, even where a library lost what they were told."""

from __future__ import annotations

import asyncio

import pytest

from ledgerport_libs import ending
from ledgerport_libs.database import Database, Queries
from ledgerport_libs.ending import end


async def forever() -> None:
    await asyncio.Event().wait()


async def test_they_have_ended_when_it_returns() -> None:
    tasks = [asyncio.create_task(forever()) for _ in range(3)]
    await asyncio.sleep(0)
    await end(*tasks)
    assert all(task.cancelled() for task in tasks)


async def test_one_that_lost_its_cancellation_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_HEARD", 0.05)
    heard = 0

    async def deaf_at_first() -> None:
        nonlocal heard
        while True:
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                heard += 1
                if heard == 3:
                    raise

    task = asyncio.create_task(deaf_at_first())
    await asyncio.sleep(0)
    await end(task)
    assert (task.cancelled(), heard) == (True, 3)


@pytest.mark.parametrize("turns", range(4))
async def test_one_that_was_just_given_a_connection_of_the_pool_ends_too(
    empty: str, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the first turns of the loop after that, the pool loses what the task was told."""
    monkeypatch.setattr(ending, "_HEARD", 0.05)
    db = Database(empty, Queries("-- name: one\nSELECT 1;"), pool_size=1)
    await db.open()
    taken, free = asyncio.Event(), asyncio.Event()

    async def holds_the_only_one() -> None:
        async with db.transaction():
            taken.set()
            await free.wait()

    async def asks_again_and_again() -> None:
        while True:
            await db.value("one")
            await asyncio.sleep(0.5)

    holding = asyncio.create_task(holds_the_only_one())
    await taken.wait()
    asking = asyncio.create_task(asks_again_and_again())
    await asyncio.sleep(0.05)
    free.set()
    await holding
    for _ in range(turns):
        await asyncio.sleep(0)
    await asyncio.wait_for(end(asking), 10)
    assert asking.cancelled()
    await db.close()


async def test_what_is_over_already_is_left_as_it_was() -> None:
    async def fails() -> None:
        raise ValueError

    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    await end(task)
    assert isinstance(task.exception(), ValueError)


async def test_one_that_cleans_up_is_given_the_time() -> None:
    cleaned = False

    async def tidy() -> None:
        nonlocal cleaned
        try:
            await forever()
        finally:
            await asyncio.sleep(0.1)
            cleaned = True

    task = asyncio.create_task(tidy())
    await asyncio.sleep(0)
    await end(task)
    assert cleaned
