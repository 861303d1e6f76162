"""What a browser brings from Shopify is believed only if Shopify signed it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.shop_callback import (
    is_fresh,
    is_shop_domain,
    is_signed,
    missing_scopes,
    parameters_of,
    shop_domain,
    signature_of,
)
from ledgerport_libs.errors import InvalidRequest

QUERY = (
    "code=0907a61c0c8d55e99db179b68161bc00&shop=some-shop.myshopify.com&state=0.6784241404160823&timestamp=1337178173"
)
SIGNATURE = "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"


def signed(query: str) -> bool:
    parameters = parameters_of(query)
    return parameters is not None and is_signed(parameters, "hush")


def test_shopifys_own_example_is_signed_whatever_the_order_of_its_parameters() -> None:
    assert signed(f"{QUERY}&hmac={SIGNATURE}")
    assert signed(f"hmac={SIGNATURE}&{QUERY}")


@pytest.mark.parametrize(
    "query",
    [
        QUERY,
        f"{QUERY}&hmac=",
        f"{QUERY}&hmac={SIGNATURE.upper()}",
        f"{QUERY}&hmac={SIGNATURE}&extra=1",
        f"{QUERY.replace('some-shop', 'other-shop')}&hmac={SIGNATURE}",
        f"{QUERY}&hmac={SIGNATURE}&shop=evil.myshopify.com",
        f"{QUERY}&hmac={SIGNATURE}&hmac={SIGNATURE}",
    ],
)
def test_an_absent_wrong_or_doubled_parameter_is_not_signed(query: str) -> None:
    assert not signed(query)


def test_without_a_secret_nothing_is_signed() -> None:
    parameters = {"shop": "a.myshopify.com"}
    assert not is_signed({**parameters, "hmac": signature_of(parameters, "")}, "")


@given(st.text(max_size=300))
def test_any_text_is_answered_without_an_accident(text: str) -> None:
    assert not signed(text)


@pytest.mark.parametrize(
    "typed",
    [
        "some-shop",
        " Some-Shop.myshopify.com ",
        "https://some-shop.myshopify.com/",
        "https://some-shop.myshopify.com/admin",
        "https://admin.shopify.com/store/some-shop",
        "admin.shopify.com/store/some-shop/orders?x=1",
    ],
)
def test_every_way_to_name_a_store_means_its_permanent_address(typed: str) -> None:
    assert shop_domain(typed) == "some-shop.myshopify.com"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-shop",
        "some_shop",
        "shop.example.com",
        "some-shop.myshopify.com.evil.test",
        "some-shop.myshopify.com:8080",
        "https://evil.test/some-shop.myshopify.com",
        "https://user@some-shop.myshopify.com/admin",
        "https://admin.shopify.com.evil.test/store/some-shop",
        "some-shop.myshopify.com\nevil",
        "javascript:alert(1)//",
        "http://[",
    ],
)
def test_anything_else_is_no_store(typed: str) -> None:
    with pytest.raises(InvalidRequest):
        shop_domain(typed)


@given(st.text(max_size=80))
def test_no_text_becomes_an_address_outside_of_myshopify(typed: str) -> None:
    try:
        assert is_shop_domain(shop_domain(typed))
    except InvalidRequest:
        return


def test_a_callback_is_fresh_for_five_minutes_either_way() -> None:
    assert is_fresh({"timestamp": "1000"}, 1300.0, 300)
    assert is_fresh({"timestamp": "1000"}, 700.0, 300)
    for stale in ("699", "1301", "", "-1000", "1e3", "١٠٠٠", "9" * 40):
        assert not is_fresh({"timestamp": stale}, 1000.0, 300)


def test_writing_includes_reading_when_scopes_are_compared() -> None:
    assert missing_scopes("read_orders,read_products", "write_products,read_orders") == []
    assert missing_scopes("read_orders, read_products", "read_orders") == ["read_products"]
