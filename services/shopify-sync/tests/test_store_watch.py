"""What is known of a store beyond its objects: its silence, its refusals, its version, and what no webhook told of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ledgerport.shopify_sync.v1 import intake_pb2 as pb
from ledgerport_local.home import temporary_home
from shopify_sync.silence import silent_since
from shopify_sync_testing.stage import Shop, running, until

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONNECTED = NOW - timedelta(days=90)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("heard", "gap", "found", "silent"),
    [
        (NOW - 25 * HOUR, HOUR, 1, True),
        (NOW - 23 * HOUR, HOUR, 1, False),
        (NOW - 25 * HOUR, HOUR, 0, False),
        (NOW - 4 * DAY, DAY, 3, False),
        (NOW - 6 * DAY, DAY, 3, True),
        (NOW - 25 * HOUR, None, 1, True),
        (None, None, 1, True),
    ],
    ids=["a day", "not yet a day", "nothing happened", "a slow store", "slower than ever", "no rhythm yet", "never"],
)
def test_silence_is_measured_by_the_stores_own_rhythm_and_by_what_happened(
    heard: datetime | None, gap: timedelta | None, found: int, *, silent: bool
) -> None:
    assert silent_since(heard, CONNECTED, gap, found, NOW) == ((heard or CONNECTED) if silent else None)


@pytest.fixture(scope="module")
def _shop() -> Iterator[Shop]:
    with temporary_home() as home, running(home, {"WEBHOOK_GRACE": "0", "REFUSAL_REST": "300"}) as platform:
        shop = Shop(platform)
        until(lambda: shop.intake().last_catch_up_at.seconds, "the first look is over")
        yield shop
        shop.close()


@pytest.fixture
def shop(_shop: Shop) -> Iterator[Shop]:
    yield _shop
    _shop.control("webhooks/faults")
    _shop.control("graphql/faults", faults=[])
    _shop.control("graphql/version")
    _shop.sync_now()
    _shop.rests()


def looks(shop: Shop) -> pb.GetIntakeStatusResponse:
    before = looked_at(shop)
    shop.sync_now()
    until(lambda: looked_at(shop) > before, "the look is over")
    return shop.intake()


def looked_at(shop: Shop) -> datetime:
    with shop.database() as connection:
        row = connection.execute("SELECT last_catch_up_at FROM store").fetchone()
    assert row
    return row[0] or datetime.min.replace(tzinfo=UTC)


def test_a_look_says_how_many_changes_no_webhook_had_told_of(shop: Shop) -> None:
    shop.rests()
    looks(shop)
    ever = shop.intake().found_ever
    shop.control("webhooks/faults", drop_rate=1.0)
    order = shop.order()
    customer = shop.control("customer", set={"first_name": "Ada", "email": "ada@b.test"})["id"]
    product = shop.control("product", set={"title": "Never told"}, variants=[{"price": 100}])
    found = looks(shop)
    assert (found.found_last, found.found_ever) == (3, ever + 3)
    until(lambda: shop.said(order) and shop.said(customer), "the order and the customer were said")
    until(lambda: shop.said(f"gid://shopify/ProductVariant/{product['variants'][0]}"), "the product was said")
    shop.rests()
    assert looks(shop).found_last == 0


def test_what_webhooks_told_of_is_not_counted_as_found(shop: Shop) -> None:
    shop.order()
    shop.control("customer", set={"first_name": "Told"})
    shop.rests()
    assert looks(shop).found_last == 0


def test_a_silent_store_in_which_things_happen_is_noticed_until_it_is_heard_again(shop: Shop) -> None:
    shop.rests()
    shop.control("webhooks/faults", drop_rate=1.0)
    shop.order()
    looks(shop)
    assert not shop.intake().HasField("silent_since")
    with shop.database() as connection:
        connection.execute("UPDATE store SET last_webhook_at = now() - interval '2 days', connected_at = '2026-01-01'")
    told = shop.intake()
    assert told.silent_since.seconds > 0
    assert told.found_since_silent == 1
    shop.control("webhooks/faults")
    shop.order()
    until(lambda: not shop.intake().HasField("silent_since"), "it is heard again")


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (402, pb.STORE_REFUSAL_FROZEN),
        (403, pb.STORE_REFUSAL_FORBIDDEN),
        (423, pb.STORE_REFUSAL_LOCKED),
        (430, pb.STORE_REFUSAL_REJECTED),
    ],
)
def test_a_store_that_refuses_is_left_alone_and_asked_again_when_a_person_says_so(
    shop: Shop, status: int, refusal: pb.StoreRefusal.ValueType
) -> None:
    shop.rests()
    shop.control("graphql/faults", faults=[{"kind": "status", "status": status, "count": 1_000_000}])
    order = shop.order()
    until(lambda: shop.intake().refusal == refusal, "the refusal is told")
    assert shop.intake().refused_since.seconds > 0
    asked = shop.look("health")["graphql_calls"]
    another = shop.order()
    until(lambda: shop.waiting() >= 2, "both orders wait")
    assert not shop.said(order)
    assert not shop.said(another)
    assert shop.look("health")["graphql_calls"] <= asked + 2  # what was under way
    shop.control("graphql/faults", faults=[])
    shop.sync_now()
    until(lambda: shop.said(order), "it was said after all")
    until(lambda: shop.intake().refusal == pb.STORE_REFUSAL_UNSPECIFIED, "all is well again")


def test_another_version_and_a_deprecation_are_told(shop: Shop) -> None:
    assert shop.intake().api_version_asked == shop.intake().api_version_served == "2026-10"
    shop.control("graphql/version", served="2027-01", deprecated="Order.something is deprecated")
    shop.order()
    until(lambda: shop.intake().api_version_served == "2027-01", "the version is told")
    assert shop.intake().api_deprecated_reason == "Order.something is deprecated"
    shop.control("graphql/version")
    shop.order()
    until(lambda: shop.intake().api_version_served == "2026-10", "the version is right again")
    assert shop.intake().api_deprecated_reason == ""


def test_a_store_that_moves_to_another_zone_and_grants_more_is_looked_at_at_once(shop: Shop) -> None:
    shop.control("shop", set={"zone": "Europe/Lisbon"})
    until(lambda: zone(shop) == "Europe/Lisbon", "the zone is known")
    wanted = shop.intake().subscriptions_wanted
    scopes = "read_orders,read_customers,read_products,read_returns,read_inventory,read_locations"
    client = shop.platform.environment("auth")["SHOPIFY_CLIENT_ID"]
    shop.control("scopes", client_id=client, scopes=f"{scopes},read_customer_merge,read_all_orders")
    until(lambda: shop.intake().subscriptions_present == wanted + 1, "the topic that became possible is subscribed")
    assert not shop.intake().recent_orders_only


def zone(shop: Shop) -> str:
    with shop.database() as connection:
        row = connection.execute("SELECT zone FROM store").fetchone()
    return str(row[0]) if row else ""


def test_customers_that_become_one_are_said_the_one_as_it_is_the_other_as_gone(shop: Shop) -> None:
    client = shop.platform.environment("auth")["SHOPIFY_CLIENT_ID"]
    scopes = "read_orders,read_customers,read_products,read_returns,read_inventory,read_locations,read_customer_merge"
    shop.control("scopes", client_id=client, scopes=scopes)
    until(lambda: shop.intake().subscriptions_present == 28, "merges are heard of")
    kept = shop.control("customer", set={"first_name": "Kept", "email": "kept@b.test"})["id"]
    other = shop.control("customer", set={"first_name": "Other", "email": "other@b.test"})["id"]
    shop.rests()
    shop.control("customer/merge", kept=kept, other=other)
    until(lambda: shop.said(other) and shop.said(other)[-1].HasField("gone"), "the other is said to be gone")


def test_the_bucket_is_learned_before_it_throttles(shop: Shop) -> None:
    """Many orders through a small bucket: hardly a question is thrown back."""
    with (
        temporary_home() as home,
        running(home, SHOPIFY_SANDBOX_BUCKET_SIZE="2000", SHOPIFY_SANDBOX_RESTORE_RATE="1000") as platform,
    ):
        small = Shop(platform)
        ids = small.control("orders", count=60, seed=3, mix="basic")["ids"]
        until(lambda: all(small.said(each) for each in ids), "all orders were said", 60)
        health = small.look("health")
        small.close()
    assert health["throttled"] * 20 <= health["graphql_calls"]
