"""An import brings in every order of its days, once, behind what happens now, through pauses, kills and refusals."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import grpc
import pytest

from ledgerport.events.v2 import entity_pb2
from ledgerport.shopify_sync.v1 import history_import_pb2 as pb
from ledgerport_local.home import temporary_home
from shopify_sync_testing.stage import Shop, running, until

OLD = 400
TODAY = datetime.now(UTC).date()
FIRST, LAST = (TODAY - timedelta(days=40)).isoformat(), (TODAY + timedelta(days=1)).isoformat()


@pytest.fixture(scope="module")
def _old_shop() -> Iterator[Shop]:
    with temporary_home() as home, running(home, {"IMPORT_LEASE": "3"}) as platform:
        shop = Shop(platform)
        shop.control("shelf", count=OLD, days=30)
        yield shop
        shop.close()


@pytest.fixture
def shop(_old_shop: Shop) -> Iterator[Shop]:
    """A store with old orders that nobody was told of, as if none had been said before."""
    with _old_shop.database() as connection:
        connection.execute("DELETE FROM emitted")
        connection.execute("DELETE FROM outbox")
    yield _old_shop
    _old_shop.control("bulk/faults")
    _old_shop.control("graphql/faults", faults=[])
    for job in running_imports(_old_shop):
        _old_shop.imports().CancelImport(pb.CancelImportRequest(import_id=job), metadata=_old_shop.as_person())


def running_imports(shop: Shop) -> list[str]:
    listed = shop.imports().ListImports(pb.ListImportsRequest(), metadata=shop.as_person()).imports
    over = (pb.IMPORT_STATUS_DONE, pb.IMPORT_STATUS_CANCELLED, pb.IMPORT_STATUS_FAILED)
    return [each.import_id for each in listed if each.status not in over]


def old_orders(shop: Shop) -> list[entity_pb2.EntityEvent]:
    return [event for event in shop.said() if event.history]


def move(shop: Shop, name: str, import_id: str) -> pb.HistoryImport:
    wanted = getattr(pb, f"{name}ImportRequest")(import_id=import_id)
    moved: pb.HistoryImport = getattr(shop.imports(), f"{name}Import")(wanted, metadata=shop.as_person()).history_import
    return moved


def all_are_in(shop: Shop, import_id: str) -> pb.HistoryImport:
    """Every order of the days was said as history, and none twice."""
    ended = shop.import_ends(import_id)
    said = [event.source_id for event in old_orders(shop)]
    assert (ended.status, ended.read) == (pb.IMPORT_STATUS_DONE, ended.counted)
    assert len(said) == len(set(said)) == ended.counted >= OLD
    return ended


def test_every_order_of_the_days_is_said_once_as_history_and_counted(shop: Shop) -> None:
    ended = all_are_in(shop, shop.start_import(FIRST, LAST))
    assert ended.counted == ended.gathered == ended.brought_in
    assert (ended.not_there, ended.set_aside, ended.why_paging) == (0, 0, pb.WHY_PAGING_UNSPECIFIED)


def test_what_was_brought_in_before_says_nothing_again(shop: Shop) -> None:
    first = all_are_in(shop, shop.start_import(FIRST, LAST))
    again = shop.import_ends(shop.start_import(FIRST, LAST))
    assert (again.read, again.brought_in, len(old_orders(shop))) == (first.read, 0, first.brought_in)


def test_the_days_limit_what_is_read(shop: Shop) -> None:
    counted = shop.imports().CountOrders(
        pb.CountOrdersRequest(first_day=(TODAY - timedelta(days=9)).isoformat(), last_day=LAST),
        metadata=shop.as_person(),
    )
    assert 0 < counted.count < OLD
    assert counted.oldest_at.seconds < counted.newest_at.seconds
    assert counted.recent_orders_only
    ended = shop.import_ends(shop.start_import((TODAY - timedelta(days=9)).isoformat(), LAST))
    assert ended.read == ended.counted == counted.count


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        ({"refuse": True}, pb.WHY_PAGING_REFUSED),
        ({"fail_after": 100}, pb.WHY_PAGING_FAILED),
        ({"expired": True}, pb.WHY_PAGING_EXPIRED),
        ({"lose_after": 150}, pb.WHY_PAGING_SHORT),
    ],
    ids=["refused", "failed", "expired", "short"],
)
def test_without_a_good_export_it_pages_and_misses_nothing(
    shop: Shop, faults: dict[str, object], why: pb.WhyPaging.ValueType
) -> None:
    shop.control("bulk/faults", **faults)
    ended = all_are_in(shop, shop.start_import(FIRST, LAST))
    assert ended.why_paging == why


def test_a_kill_in_the_middle_loses_and_doubles_nothing_and_goes_on_where_it_was(shop: Shop) -> None:
    import_id = shop.start_import(FIRST, LAST)
    for _ in range(3):
        before = place(shop)
        until(lambda before=before: place(shop) > before or place(shop) >= OLD, "it went on")  # type: ignore[misc]
        shop.platform.halt("shopify-sync", signal.SIGKILL)
        at = place(shop)
        shop.platform.start_again("shopify-sync")
        shop.platform.wait_ready("shopify-sync")
        assert place(shop) >= at
    ended = all_are_in(shop, import_id)
    assert ended.brought_in == ended.read


def place(shop: Shop) -> int:
    with shop.database() as connection:
        row = connection.execute("SELECT place FROM import_job ORDER BY id DESC LIMIT 1").fetchone()
    return int(row[0]) if row else 0


def test_cancelled_it_is_over_and_what_was_brought_in_stays(shop: Shop) -> None:
    shop.control("bulk/faults", seconds=30)
    import_id = shop.start_import(FIRST, LAST)
    until(lambda: shop.import_now(import_id).status == pb.IMPORT_STATUS_RUNNING, "Shopify gathers the list")
    assert move(shop, "Cancel", import_id).status == pb.IMPORT_STATUS_CANCELLED
    assert move(shop, "Cancel", import_id).status == pb.IMPORT_STATUS_CANCELLED
    with pytest.raises(grpc.RpcError, match="cancelled already"):
        move(shop, "Resume", import_id)


def test_imports_are_listed_page_after_page_newest_first(shop: Shop) -> None:
    made: list[str] = []
    for _ in range(3):
        made.append(shop.start_import(FIRST, FIRST))
        shop.import_ends(made[-1])
    token, seen = "", list[str]()
    while not seen or token:
        wanted = pb.ListImportsRequest(page_size=2, page_token=token)
        listed = shop.imports().ListImports(wanted, metadata=shop.as_person())
        seen += [each.import_id for each in listed.imports]
        token = listed.next_page_token
    assert seen[:3] == made[::-1]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("token", ["x", "42", "LTE="])
def test_a_page_token_of_somebody_elses_making_is_refused_in_words(shop: Shop, token: str) -> None:
    with pytest.raises(grpc.RpcError, match="This page does not exist") as refused:
        shop.imports().ListImports(pb.ListImportsRequest(page_token=token), metadata=shop.as_person())
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_one_import_at_a_time_and_the_same_request_starts_it_once(shop: Shop) -> None:
    shop.control("bulk/faults", seconds=30)
    first = shop.start_import(FIRST, LAST, "the same")
    assert shop.start_import(FIRST, LAST, "the same") == first
    with pytest.raises(grpc.RpcError, match="not over yet"):
        shop.start_import(FIRST, LAST)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("2026-02-01", "2026-01-31", "after the last"),
        ("1999-01-01", "2026-01-31", "cannot be before"),
        ("2999-01-01", "2999-01-31", "in the future"),
        ("yesterday", "", "Choose the first and the last day"),
    ],
)
def test_days_that_make_no_sense_are_refused_in_words(shop: Shop, first: str, last: str, told: str) -> None:
    with pytest.raises(grpc.RpcError, match=told):
        shop.start_import(first, last)


def test_trouble_of_shopifys_only_delays_it(shop: Shop) -> None:
    faults = [{"kind": kind, "count": 1, "status": 503} for kind in ("status", "html", "cut", "throttled", "internal")]
    shop.control("graphql/faults", faults=faults)
    all_are_in(shop, shop.start_import(FIRST, LAST))


@pytest.fixture
def moving_shop(shop: Shop) -> Iterator[Shop]:
    """A store that is back in its own zone afterwards."""
    yield shop
    shop.control("shop", set={"zone": "America/New_York"})


def told_today(shop: Shop) -> str:
    return str(shop.imports().ListImports(pb.ListImportsRequest(), metadata=shop.as_person()).today)


def today_in(zone: str) -> str:
    return datetime.now(ZoneInfo(zone)).date().isoformat()


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_today_is_the_day_in_the_stores_zone(moving_shop: Shop, zone: str) -> None:
    """It is never the same day in these two: they are 26 hours apart."""
    moving_shop.control("shop", set={"zone": zone})
    until(lambda: told_today(moving_shop) == today_in(zone), "the day is the store's")


def test_without_a_store_today_is_the_day_in_utc(moving_shop: Shop) -> None:
    elsewhere = "Pacific/Kiritimati" if datetime.now(UTC).hour >= 11 else "Etc/GMT+12"
    moving_shop.control("shop", set={"zone": elsewhere})
    until(lambda: told_today(moving_shop) == today_in(elsewhere), "the day is another one than in UTC")
    with moving_shop.database() as connection:
        connection.execute("UPDATE store SET connected = false")
    before, told, after = today_in("UTC"), told_today(moving_shop), today_in("UTC")
    with moving_shop.database() as connection:
        connection.execute("UPDATE store SET connected = true")
    assert told in (before, after)


@pytest.fixture
def crowded_shop() -> Iterator[Shop]:
    """A store whose import may go on only while fewer than fifty events wait."""
    with temporary_home() as home, running(home, {"IMPORT_EVENTS_WAITING": "50"}) as platform:
        shop = Shop(platform)
        shop.control("shelf", count=OLD, days=30)
        yield shop
        shop.close()


def test_no_more_is_said_than_is_taken_up(crowded_shop: Shop) -> None:
    shop = crowded_shop
    shop.rests()
    shop.platform.halt("nats")
    import_id = shop.start_import(FIRST, LAST)
    until(lambda: shop.import_now(import_id).stage == pb.IMPORT_STAGE_HELD_BACK, "it is held back", 30)
    assert len(old_orders(shop)) <= 100
    shop.platform.start_again("nats")
    shop.platform.wait_ready("nats")
    assert shop.import_ends(import_id).brought_in == OLD


def test_paused_it_says_nothing_more_and_resumed_it_goes_on(crowded_shop: Shop) -> None:
    shop = crowded_shop
    shop.rests()
    shop.platform.halt("nats")
    import_id = shop.start_import(FIRST, LAST)
    until(lambda: shop.import_now(import_id).stage == pb.IMPORT_STAGE_HELD_BACK, "it has begun and cannot end", 30)
    assert move(shop, "Pause", import_id).status == pb.IMPORT_STATUS_PAUSED
    said = len(old_orders(shop))
    shop.platform.start_again("nats")
    shop.platform.wait_ready("nats")
    live = shop.order()
    until(lambda: shop.said(live), "a new order is said as ever", 30)
    assert len(old_orders(shop)) == said < OLD
    assert move(shop, "Pause", import_id).status == pb.IMPORT_STATUS_PAUSED
    assert move(shop, "Resume", import_id).status == pb.IMPORT_STATUS_RUNNING
    ended = shop.import_ends(import_id)
    assert (ended.status, len(old_orders(shop))) == (pb.IMPORT_STATUS_DONE, OLD)
