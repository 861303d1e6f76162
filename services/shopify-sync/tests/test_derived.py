"""Where Shopify lists no agreements, those derived from lines and refunds hold the same identities, to the cent."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.money import Money
from shopify_sync.normalise.orders import order
from shopify_sync.normalise.pairs import Pair, total
from shopify_sync_testing.identities import holds

SAMPLES = Path(__file__).parents[4] / "shared" / "reference" / "shopify-samples"
CONSTRUCTED = (
    "01-tax-added-order-discount-rounding",
    "02-tax-included-uk",
    "03-multi-currency-cad-buyer-usd-shop",
    "04-gift-card-and-card-two-gateways",
    "05-partial-refund-line-shipping-discrepancy",
    "06a-bank-deposit-pending",
    "06b-bank-deposit-marked-paid",
    "07-pos-guest-no-customer-no-email",
    "08-edited-after-payment-balance-due",
    "09-authorized-then-captured-in-two-parts",
)
REAL = (
    "order-created-paid-simple-199.00",
    "order-created-custom-tax-lines-270.37",
    "order-created-pending-199.00",
    "order-closed",
)
Json = dict[str, Any]


def read(path: str) -> Any:
    file = SAMPLES / path
    if not file.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing")
        pytest.skip("Shopify's samples are not on this machine")
    return json.loads(file.read_text())


def sample(name: str) -> entity_pb2.Order:
    node = read(f"constructed/{name}/graphql-order.json")["data"]["order"]
    refunds = [read(f"constructed/{name}/graphql-refund.json")["data"]["refund"]] if node["refunds"] else []
    return order(node, refunds, "America/New_York")


def sales(said: entity_pb2.Order, *line_types: str) -> list[entity_pb2.Sale]:
    found = [sale for agreement in said.agreements for sale in agreement.sales]
    return [sale for sale in found if not line_types or sale.line_type in line_types]


@pytest.mark.parametrize("name", CONSTRUCTED)
def test_a_sample_holds_every_identity_in_both_currencies(name: str) -> None:
    assert holds(sample(name)) == []


@pytest.mark.parametrize("name", CONSTRUCTED)
def test_what_a_sample_was_ordered_for_is_derived_part_by_part(name: str) -> None:
    expected = read(f"constructed/{name}/expected.json")["expected"]
    said = sample(name)

    def cents(key: str) -> int:
        return Money.parse(expected[key], expected["currency"]).minor

    ordered = said.agreements[0].sales
    goods = [sale for sale in ordered if sale.line_type in ("PRODUCT", "GIFT_CARD")]
    shipping = [sale for sale in ordered if sale.line_type == "SHIPPING"]
    inside = expected["taxes_included"]
    assert sum(sale.total.shop for sale in ordered) == cents("total")
    assert sum(sale.tax.shop for sale in ordered) == cents("tax")
    assert sum(sale.total.shop - (0 if inside else sale.tax.shop) for sale in goods) == cents("subtotal")
    net = sum(sale.total.shop - (0 if inside else sale.tax.shop) for sale in shipping)
    assert net == cents("shipping_after_discount")
    if not inside:
        assert sum(sale.discount.shop for sale in ordered) == cents("discounts")
    assert (said.totals.outstanding.shop, said.totals.net_payment.shop) == (cents("outstanding"), cents("net_payment"))


def test_the_refund_of_a_sample_is_an_agreement_of_its_own() -> None:
    said = sample("05-partial-refund-line-shipping-discrepancy")
    refunded = said.agreements[1]
    assert (refunded.reason, refunded.refund_id) == ("REFUND", said.refunds[0].id)
    assert [(sale.line_type, sale.quantity, sale.total.shop, sale.tax.shop) for sale in refunded.sales] == [
        ("PRODUCT", -1, -1944, -144),
        ("SHIPPING", 0, -200, 0),
    ]
    assert [(each.reason, each.amount.shop) for each in said.refunds[0].adjustments] == [("REFUND_DISCREPANCY", 144)]
    assert refunded.sales[0].discount.shop == -200


@pytest.mark.parametrize("name", REAL)
def test_a_real_order_is_derived_to_its_current_total(name: str) -> None:
    found = read(f"rest-2026-07/{name}.json")
    rest = found["orders"][0] if "orders" in found else found["order"]
    said = order(*as_graphql(rest), "America/New_York")
    assert sum(sale.total.shop for sale in sales(said)) == said.totals.current_total.shop > 0
    assert sum(tax.amount.shop for sale in sales(said) for tax in sale.taxes) == sum(
        sale.tax.shop for sale in sales(said)
    )


# --- what samples do not show -----------------------------------------------------------------------


def bag(amount: str) -> Json:
    money = {"amount": amount, "currencyCode": "USD"}
    return {"shopMoney": money, "presentmentMoney": money}


def tax(amount: str, title: str = "State Tax", rate: float = 0.08) -> Json:
    return {"title": title, "rate": rate, "channelLiable": None, "priceSet": bag(amount)}


def line(number: int, amount: str, *taxes: Json, quantity: int = 1, off: str = "0", **more: Any) -> Json:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "title": "Thing",
        "quantity": quantity,
        "currentQuantity": quantity,
        "isGiftCard": False,
        "taxable": True,
        "product": {"id": "gid://shopify/Product/1"},
        "variant": {"id": "gid://shopify/ProductVariant/1"},
        "originalUnitPriceSet": bag("0"),
        "originalTotalSet": bag(amount),
        "discountAllocations": [{"allocatedAmountSet": bag(off)}],
        "taxLines": list(taxes),
        **more,
    }


def node(*lines: Json, **more: Any) -> Json:
    money = ("totalPrice", "currentTotalPrice", "totalReceived", "totalRefunded", "netPayment", "totalOutstanding")
    return {
        "id": "gid://shopify/Order/1",
        "name": "#1",
        "createdAt": "2026-11-02T03:30:00Z",
        "processedAt": "2020-11-02T03:30:00Z",
        "currencyCode": "USD",
        "presentmentCurrencyCode": "USD",
        "test": False,
        "edited": False,
        "taxesIncluded": False,
        "dutiesIncluded": False,
        "lineItems": {"nodes": list(lines)},
        "shippingLines": {"nodes": []},
        "transactions": [],
        "totalCashRoundingAdjustment": {"paymentSet": bag("0"), "refundSet": bag("0")},
        **{f"{name}Set": bag("0") for name in money},
        **more,
    }


def refund(number: int, *lines: Json, **more: Any) -> Json:
    return {
        "id": f"gid://shopify/Refund/{number}",
        "createdAt": "2026-11-03T03:30:00Z",
        "orderAdjustments": {"nodes": []},
        "transactions": {"nodes": []},
        "refundLineItems": {"nodes": list(lines)},
        "refundShippingLines": {"nodes": []},
        "duties": [],
        **more,
    }


def given_back(number: int, quantity: int, subtotal: str, taxed: str) -> Json:
    return {
        "lineItem": {"id": f"gid://shopify/LineItem/{number}"},
        "quantity": quantity,
        "subtotalSet": bag(subtotal),
        "totalTaxSet": bag(taxed),
    }


def shown(said: entity_pb2.Order) -> list[tuple[str, int, int]]:
    return [(sale.line_type, sale.total.shop, sale.tax.shop) for sale in sales(said)]


def test_an_order_is_derived_at_its_business_date() -> None:
    said = order(node(line(1, "10.0")), (), "UTC")
    assert [(each.reason, each.happened_at.ToDatetime().year) for each in said.agreements] == [("ORDER", 2020)]


def test_tips_gift_cards_duties_and_fees_are_told_apart() -> None:
    nobody: Json = {"product": None, "variant": None}
    said = order(
        node(
            line(1, "10.0", tax("0.8"), duties=[{"id": "gid://shopify/Duty/9", "price": bag("3.0"), "taxLines": []}]),
            line(2, "25.0", isGiftCard=True),
            line(3, "2.0", title="Tip", **nobody),
            line(4, "5.0", title="Engraving", **nobody),
            totalTipReceivedSet=bag("3.5"),
            additionalFees=[
                {"id": "gid://shopify/AdditionalFee/8", "name": "Import", "price": bag("1.0"), "taxLines": [tax("0.1")]}
            ],
        ),
        (),
        "UTC",
    )
    assert shown(said) == [
        ("PRODUCT", 1080, 80),
        ("GIFT_CARD", 2500, 0),
        ("TIP", 200, 0),
        ("PRODUCT", 500, 0),
        ("DUTY", 300, 0),
        ("ADDITIONAL_FEE", 110, 10),
        ("TIP", 150, 0),
    ]
    assert [sale.title for sale in sales(said, "DUTY", "ADDITIONAL_FEE")] == ["Duty", "Import"]


def test_a_duty_that_prices_include_adds_nothing_but_its_tax() -> None:
    duties = [
        {"id": "gid://shopify/Duty/1", "price": bag("3.0"), "taxLines": []},
        {"id": "gid://shopify/Duty/2", "price": bag("4.0"), "taxLines": [tax("0.32")]},
    ]
    said = order(node(line(1, "10.0", duties=duties), dutiesIncluded=True), (), "UTC")
    assert shown(said) == [("PRODUCT", 1000, 0), ("DUTY", 32, 32)]


def test_removed_shipping_is_not_ordered() -> None:
    def way(number: int, *, removed: bool) -> Json:
        both = {"originalPriceSet": bag("5.0"), "discountedPriceSet": bag("4.0"), "taxLines": [tax("0.32")]}
        return {"id": f"gid://shopify/ShippingLine/{number}", "title": "S", "isRemoved": removed, **both}

    said = order(
        node(line(1, "1.0"), shippingLines={"nodes": [way(1, removed=True), way(2, removed=False)]}), (), "UTC"
    )
    [sale] = sales(said, "SHIPPING")
    assert (sale.line_id[-1], sale.total.shop, sale.tax.shop, sale.discount.shop) == ("2", 432, 32, 100)


def test_the_tax_of_a_refunded_line_is_shared_over_its_own_tax_lines_by_largest_remainder() -> None:
    taxes = (tax("3.0", "State", 0.04), tax("2.0", "County", 0.02), tax("1.0", "City", 0.01))
    said = order(node(line(1, "60.0", *taxes, quantity=3)), [refund(1, given_back(1, 1, "20.0", "1.99"))], "UTC")
    back = said.agreements[1].sales[0]
    assert [(each.title, each.amount.shop) for each in back.taxes] == [("State", -100), ("County", -66), ("City", -33)]
    assert (back.total.shop, back.quantity) == (-2199, -1)


def test_a_refunded_tax_that_no_tax_line_explains_is_kept_without_a_name() -> None:
    said = order(node(line(1, "60.0")), [refund(1, given_back(1, 1, "20.0", "0.5"))], "UTC")
    [unnamed] = said.agreements[1].sales[0].taxes
    assert (unnamed.title, unnamed.amount.shop) == ("", -50)


def test_a_refunded_duty_names_the_duty_and_a_refund_of_money_alone_agrees_nothing() -> None:
    duty = {"id": "gid://shopify/Duty/9", "price": bag("3.0"), "taxLines": []}
    back = {"amountSet": bag("3.0"), "originalDuty": {"id": "gid://shopify/Duty/9"}}
    said = order(node(line(1, "10.0", duties=[duty])), [refund(1, duties=[back]), refund(2)], "UTC")
    assert [each.refund_id[-1:] for each in said.agreements] == ["", "1"]
    [sale] = said.agreements[1].sales
    assert (sale.line_type, sale.line_id[-1], sale.total.shop) == ("DUTY", "9", -300)


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any),
    st.integers(-(10**6), 10**6),
    st.integers(-(10**6), 10**6),
)
def test_what_is_shared_adds_up_in_both_currencies(weights: list[int], shop: int, presentment: int) -> None:
    whole = Pair(shop, presentment)
    parts = whole.spread([Pair(weight, weight) for weight in weights])
    assert parts is not None
    assert total(parts) == whole


# --- Shopify's documentation shows orders in the older REST shape ----------------------------------------


def as_graphql(rest: Json) -> tuple[Json, list[Json]]:
    """The same order as GraphQL names its parts."""
    return node(
        *(_line(each) for each in rest["line_items"]),
        id=rest["admin_graphql_api_id"],
        currencyCode=rest["currency"],
        presentmentCurrencyCode=rest["presentment_currency"],
        taxesIncluded=rest["taxes_included"],
        currentTotalPriceSet=_bag(rest["current_total_price_set"]),
        totalTipReceivedSet=bag(rest["total_tip_received"]),
        shippingLines={
            "nodes": [
                {
                    "id": f"gid://shopify/ShippingLine/{each['id']}",
                    "title": each["title"],
                    "isRemoved": each.get("is_removed", False),
                    "originalPriceSet": _bag(each["price_set"]),
                    "discountedPriceSet": _bag(each["discounted_price_set"]),
                    "taxLines": [_tax(one) for one in each["tax_lines"]],
                }
                for each in rest["shipping_lines"]
            ]
        },
    ), [
        refund(
            each["id"],
            *(
                {
                    "lineItem": {"id": f"gid://shopify/LineItem/{one['line_item_id']}"},
                    "quantity": one["quantity"],
                    "subtotalSet": _bag(one["subtotal_set"]),
                    "totalTaxSet": _bag(one["total_tax_set"]),
                }
                for one in each["refund_line_items"]
            ),
        )
        for each in rest["refunds"]
    ]


def _line(rest: Json) -> Json:
    return line(
        rest["id"],
        str(Money(Money.parse(rest["price"], "USD").minor * rest["quantity"], "USD")),
        *(_tax(each) for each in rest["tax_lines"]),
        quantity=rest["quantity"],
        title=rest["title"],
        isGiftCard=rest["gift_card"],
        discountAllocations=[{"allocatedAmountSet": _bag(each["amount_set"])} for each in rest["discount_allocations"]],
    )


def _tax(rest: Json) -> Json:
    priced = _bag(rest["price_set"]) if rest.get("price_set") else bag(rest["price"])
    return {"title": rest["title"], "rate": rest["rate"], "channelLiable": None, "priceSet": priced}


def _bag(rest: Json) -> Json:
    return {
        f"{name}Money": {
            "amount": rest[f"{name}_money"]["amount"],
            "currencyCode": rest[f"{name}_money"]["currency_code"],
        }
        for name in ("shop", "presentment")
    }
