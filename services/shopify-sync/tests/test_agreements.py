"""Shopify's ledger of an order is carried as it stands: dated, signed, oldest first, with whom it paid back."""

from __future__ import annotations

from typing import Any

import pytest

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.money import BadAmount
from shopify_sync.normalise.orders import order

Json = dict[str, Any]
NO_MONEY = ("0", "0")


def bag(shop: str = "0", presentment: str | None = None, currencies: tuple[str, str] = ("USD", "USD")) -> Json:
    other = shop if presentment is None else presentment
    return {
        "shopMoney": {"amount": shop, "currencyCode": currencies[0]},
        "presentmentMoney": {"amount": other, "currencyCode": currencies[1]},
    }


def sale(number: int, action: str = "ORDER", line_type: str = "PRODUCT", total: str = "10.8", **more: Any) -> Json:
    return {
        "id": f"gid://shopify/Sale/{number}",
        "actionType": action,
        "lineType": line_type,
        "quantity": 1,
        "totalAmount": bag(total),
        "totalTaxAmount": bag("0.8"),
        "totalDiscountAmountBeforeTaxes": bag("0"),
        "taxes": [
            {"amount": bag("0.8"), "taxLine": {"title": "State Tax", "rate": 0.08, "channelLiable": None}},
        ],
        "lineItem": {"id": "gid://shopify/LineItem/1"},
        **more,
    }


def agreement(number: int, at: str, reason: str = "ORDER", *sales: Json, **more: Any) -> Json:
    return {
        "id": f"gid://shopify/SalesAgreement/{number}",
        "happenedAt": at,
        "reason": reason,
        "sales": {"nodes": list(sales)},
        **more,
    }


def refund(number: int, at: str, returned: int | None = None) -> Json:
    return {
        "id": f"gid://shopify/Refund/{number}",
        "createdAt": at,
        "return": {"id": f"gid://shopify/Return/{returned}"} if returned else None,
        "orderAdjustments": {"nodes": []},
        "transactions": {"nodes": [{"id": f"gid://shopify/OrderTransaction/{number}"}]},
    }


def node(*agreements: Json, **more: Any) -> Json:
    money = ("totalPrice", "currentTotalPrice", "totalReceived", "totalRefunded", "netPayment", "totalOutstanding")
    return {
        "id": "gid://shopify/Order/1",
        "name": "#1001",
        "createdAt": "2026-11-02T03:30:00Z",
        "processedAt": "2026-11-02T03:30:00Z",
        "currencyCode": "USD",
        "presentmentCurrencyCode": "USD",
        "test": False,
        "edited": False,
        "taxesIncluded": False,
        "dutiesIncluded": False,
        "lineItems": {"nodes": []},
        "shippingLines": {"nodes": []},
        "transactions": [],
        "totalCashRoundingAdjustment": {"paymentSet": bag(), "refundSet": bag()},
        "agreements": {"nodes": list(agreements)},
        **{f"{name}Set": bag() for name in money},
        **more,
    }


def said(*agreements: Json, refunds: tuple[Json, ...] = (), **more: Any) -> entity_pb2.Order:
    return order(node(*agreements, **more), refunds, "America/New_York")


def test_agreements_come_oldest_first_and_by_number_at_the_same_time() -> None:
    later, same = "2026-11-03T00:00:00Z", "2026-11-02T00:00:00Z"
    found = said(agreement(3, later), agreement(10, same), agreement(9, same))
    assert [each.id.rpartition("/")[2] for each in found.agreements] == ["9", "10", "3"]


def test_a_refund_agreement_names_its_refund_and_a_return_the_first_refund_that_paid_it_back() -> None:
    by_refund = agreement(1, "2026-11-03T00:00:00Z", "REFUND", refund={"id": "gid://shopify/Refund/7"})
    by_return = agreement(2, "2026-11-04T00:00:00Z", "RETURN", **{"return": {"id": "gid://shopify/Return/5"}})
    unpaid = agreement(3, "2026-11-05T00:00:00Z", "RETURN", **{"return": {"id": "gid://shopify/Return/6"}})
    refunds = (
        refund(9, "2026-11-06T00:00:00Z", 5),
        refund(8, "2026-11-05T00:00:00Z", 5),
        refund(7, "2026-11-03T00:00:00Z"),
    )
    found = said(agreement(0, "2026-11-02T00:00:00Z"), by_refund, by_return, unpaid, refunds=refunds)
    assert [(each.reason, each.refund_id[-1:], each.return_id[-1:]) for each in found.agreements] == [
        ("ORDER", "", ""),
        ("REFUND", "7", ""),
        ("RETURN", "8", "5"),
        ("RETURN", "", "6"),
    ]
    assert [each.id[-1] for each in found.refunds] == ["7", "8", "9"]
    assert found.refunds[0].transaction_ids == ["gid://shopify/OrderTransaction/7"]


@pytest.mark.parametrize("written", ["2.0", "-2.0"])
@pytest.mark.parametrize(
    ("action", "total", "discount"),
    [
        ("ORDER", "10.8", 200),
        ("RETURN", "-10.8", -200),
        ("ORDER", "0", 200),
        ("RETURN", "0", -200),
        ("UPDATE", "-2", 200),
    ],
)
def test_a_discount_is_signed_so_that_the_price_before_it_can_be_told(
    action: str, total: str, discount: int, written: str
) -> None:
    off: Json = {"totalDiscountAmountBeforeTaxes": bag(written)}
    found = said(agreement(1, "2026-11-02T00:00:00Z", "ORDER", sale(1, action, total=total, **off)))
    assert found.agreements[0].sales[0].discount.shop == discount


def test_every_kind_of_line_is_found_again_by_its_id_and_its_name() -> None:
    none: Json = {"lineItem": None}
    sales = [
        sale(1),
        sale(2, line_type="SHIPPING", **none, shippingLine={"id": "gid://shopify/ShippingLine/2"}),
        sale(3, "RETURN", "SHIPPING", **none, shippingLine=None),
        sale(4, line_type="DUTY", **none, duty={"id": "gid://shopify/Duty/4"}),
        sale(
            5,
            line_type="ADDITIONAL_FEE",
            **none,
            additionalFee={"id": "gid://shopify/SaleAdditionalFee/5", "name": "Import"},
        ),
        sale(6, line_type="FEE", **none, fee={"id": "gid://shopify/RestockingFee/6", "__typename": "RestockingFee"}),
        sale(7, line_type="FEE", **none, fee=None),
        sale(8, line_type="ADJUSTMENT", **none),
    ]
    shipping = {"nodes": [{"id": "gid://shopify/ShippingLine/2", "title": "Standard"}]}
    found = said(agreement(1, "2026-11-02T00:00:00Z", "ORDER", *sales), shippingLines=shipping)
    assert [(each.line_id[-1:], each.title) for each in found.agreements[0].sales] == [
        ("1", ""),
        ("2", ""),
        ("2", ""),
        ("4", "Duty"),
        ("5", "Import"),
        ("6", "Restocking fee"),
        ("", "Fee"),
        ("", ""),
    ]


def test_a_return_of_one_of_two_shipping_lines_names_neither() -> None:
    shipping = {"nodes": [{"id": f"gid://shopify/ShippingLine/{n}", "title": "S"} for n in (1, 2)]}
    back = sale(1, "RETURN", "SHIPPING", lineItem=None, shippingLine=None)
    found = said(agreement(1, "2026-11-02T00:00:00Z", "REFUND", back), shippingLines=shipping)
    assert found.agreements[0].sales[0].line_id == ""


def test_taxes_keep_their_names_their_rates_and_who_remits_them() -> None:
    liable = sale(1)
    liable["taxes"].append({"amount": bag("0"), "taxLine": {"title": "City", "rate": 0.00001, "channelLiable": True}})
    [state, city] = said(agreement(1, "2026-11-02T00:00:00Z", "ORDER", liable)).agreements[0].sales[0].taxes
    assert (state.title, state.rate, state.amount.shop, state.channel_liable) == ("State Tax", "0.08", 80, False)
    assert (city.rate, city.channel_liable) == ("0.00001", True)


def test_what_is_new_at_shopify_is_carried_as_it_is_called() -> None:
    found = said(agreement(1, "2026-11-02T00:00:00Z", "UNKNOWN", sale(1, "UNKNOWN", "UNKNOWN", lineItem=None)))
    assert (found.agreements[0].reason, found.agreements[0].sales[0].line_type) == ("UNKNOWN", "UNKNOWN")


def test_both_currencies_are_exact_and_one_is_left_out_where_they_are_the_same() -> None:
    assert said(totalPriceSet=bag("19.9")).totals.total == entity_pb2.Amount(shop=1990)
    yen = node(currencyCode="USD", presentmentCurrencyCode="JPY")
    for name in [key for key in yen if key.endswith("Set")]:
        yen[name] = bag("12.5", "1900", ("USD", "JPY"))
    rounding = bag("0", "0", ("USD", "JPY"))
    yen["totalCashRoundingAdjustment"] = {"paymentSet": rounding, "refundSet": rounding}
    yen["agreements"] = {"nodes": [agreement(1, "2026-11-02T00:00:00Z")]}
    assert order(yen, (), "UTC").totals.total == entity_pb2.Amount(shop=1250, presentment=1900)


@pytest.mark.parametrize("wrong", [bag("1.005"), bag("1,00"), bag("NaN"), bag("1", "1", ("EUR", "EUR"))])
def test_a_text_that_is_no_exact_amount_of_the_orders_currency_is_refused(wrong: Json) -> None:
    with pytest.raises(BadAmount):
        said(agreement(1, "2026-11-02T00:00:00Z"), totalPriceSet=wrong)


def test_a_missing_amount_of_the_buyers_currency_is_never_taken_for_nothing() -> None:
    foreign = node(agreement(1, "2026-11-02T00:00:00Z"), presentmentCurrencyCode="CAD")
    for each in foreign.values():
        if isinstance(each, dict):
            each.pop("presentmentMoney", None)
    with pytest.raises(KeyError):
        order(foreign, (), "UTC")


def test_a_business_order_names_its_company_its_terms_and_the_last_day_to_pay() -> None:
    found = said(
        agreement(1, "2026-11-02T00:00:00Z"),
        poNumber="PO-77",
        sourceName="shopify_draft_order",
        purchasingEntity={
            "company": {"id": "gid://shopify/Company/3", "name": "Acme"},
            "location": {"id": "gid://shopify/CompanyLocation/4", "name": "Depot"},
        },
        paymentTerms={
            "paymentTermsName": "Net 30",
            "paymentSchedules": {
                "nodes": [{"dueAt": "2026-12-02T00:00:00Z"}, {"dueAt": None}, {"dueAt": "2027-01-01T00:00:00Z"}]
            },
        },
    )
    assert found.company == entity_pb2.Company(id="gid://shopify/Company/3", name="Acme", location_name="Depot")
    assert (found.purchase_order_number, found.source_name) == ("PO-77", "shopify_draft_order")
    assert found.payment_terms.name == "Net 30"
    assert found.payment_terms.due_at.ToDatetime().isoformat() == "2027-01-01T00:00:00"


def test_a_person_who_buys_has_no_company_and_no_terms() -> None:
    found = said(agreement(1, "2026-11-02T00:00:00Z"), purchasingEntity={}, paymentTerms=None)
    assert not found.HasField("company")
    assert not found.HasField("payment_terms")
