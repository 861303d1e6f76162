"""A query that was too dear asks for fewer objects, and for more again when that went well for a while."""

from __future__ import annotations

from shopify_sync.batch_size import BatchSize


def answered(batch: BatchSize, times: int) -> None:
    for _ in range(times):
        batch.answered(batch.now)


def test_it_halves_until_one_object_alone_is_too_dear() -> None:
    batch = BatchSize(50)
    assert [(batch.too_dear(batch.now), batch.now) for _ in range(6)] == [
        (True, 25),
        (True, 12),
        (True, 6),
        (True, 3),
        (True, 1),
        (False, 1),
    ]


def test_it_grows_again_up_to_what_is_set() -> None:
    batch = BatchSize(50)
    batch.too_dear(50)
    answered(batch, 19)
    assert batch.now == 25
    answered(batch, 1)
    assert batch.now == 50
    answered(batch, 100)
    assert batch.now == 50


def test_a_refusal_begins_the_count_anew() -> None:
    batch = BatchSize(8)
    batch.too_dear(8)
    answered(batch, 19)
    batch.too_dear(4)
    answered(batch, 19)
    assert batch.now == 2


def test_batches_that_were_not_full_prove_nothing() -> None:
    batch = BatchSize(8)
    batch.too_dear(8)
    for _ in range(100):
        batch.answered(3)
    assert batch.now == 4


def test_a_late_refusal_of_a_larger_batch_does_not_raise_the_size() -> None:
    batch = BatchSize(50)
    for _ in range(4):
        batch.too_dear(batch.now)
    batch.too_dear(50)
    assert batch.now == 3
