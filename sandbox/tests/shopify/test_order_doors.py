"""Everything that happens to orders can be made to happen to the cent, and shows as Shopify shows it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

SHOP = "northwind-outfitters.myshopify.com"
UK_SHOP = "harbour-lane.myshopify.com"
ORDER = """
query($id: ID!) { order(id: $id) {
  displayFinancialStatus currencyCode presentmentCurrencyCode poNumber returnStatus sourceName
  purchasingEntity { __typename ... on PurchasingCompany { company { id name } location { name } } }
  paymentTerms { paymentTermsName paymentSchedules(first: 3) { nodes { dueAt balanceDue { amount currencyCode } } } }
  totalPriceSet { ...M } currentTotalPriceSet { ...M } totalOutstandingSet { ...M } netPaymentSet { ...M }
  originalTotalDutiesSet { ...M } currentTotalAdditionalFeesSet { ...M }
  totalCashRoundingAdjustment { paymentSet { ...M } refundSet { ...M } }
  additionalFees { name price { ...M } }
  shippingLines(first: 5) { nodes { title isRemoved } }
  all: shippingLines(first: 5, includeRemovals: true) { nodes { title isRemoved } }
  transactions { kind status gateway manualPaymentGateway amountSet { ...M } amountRoundingSet { ...M } }
  returns(first: 2) { nodes { name status
    refunds(first: 3) { nodes { id } } returnShippingFees { amountSet { ...M } } } }
  refunds { id return { name } duties { amountSet { ...M } originalDuty { harmonizedSystemCode } }
    orderAdjustments(first: 3) { nodes { reason amountSet { ...M } } } }
  lineItems(first: 4) { nodes { title sku currentQuantity product { id } variant { id } duties { price { ...M } }
    taxLines { title rate channelLiable priceSet { ...M } } } }
  agreements(first: 3) { nodes { __typename reason
    ... on ReturnAgreement { return { name } } ... on RefundAgreement { refund { id } }
    sales(first: 6) { nodes { __typename actionType lineType quantity totalAmount { ...M } totalTaxAmount { ...M }
      totalDiscountAmountBeforeTaxes { ...M } totalDiscountAmountAfterTaxes { ...M }
      ... on ShippingLineSale { shippingLine { title } } ... on DutySale { duty { harmonizedSystemCode } }
      ... on AdditionalFeeSale { additionalFee { name } } ... on FeeSale { fee { __typename id } } } } } }
} }
fragment M on MoneyBag { shopMoney { amount } presentmentMoney { amount currencyCode } }
"""


class Store:
    """One store as its staff (by the side door) and as an app see it."""

    def __init__(self, sandbox: Any, app: Any, shop: str = SHOP) -> None:
        self._sandbox, self._app, self._shop = sandbox, app, shop

    def do(self, what: str, expect: int = 200, **asked: Any) -> Any:
        return self._sandbox.control(what, expect=expect, shop=self._shop, **asked)

    def order(self, *lines: dict[str, Any], **cart: Any) -> tuple[str, list[int]]:
        made = self.do("order", cart={"lines": list(lines), "tax_rates": [], **cart})
        return made["id"], [line["id"] for line in made["lines"]]

    def see(self, order: str) -> Any:
        return self._app.ask(ORDER, id=order)["order"]


@pytest.fixture
def store(sandbox: Any, app: Any) -> Store:
    return Store(sandbox, app)


def sales(seen: Any) -> list[tuple[str, str, str]]:
    found = [sale for agreement in seen["agreements"]["nodes"] for sale in agreement["sales"]["nodes"]]
    return [(sale["actionType"], sale["lineType"], sale["totalAmount"]["shopMoney"]["amount"]) for sale in found]


def shop_money(bag: Any) -> str:
    return str(bag["shopMoney"]["amount"])


THING = {"title": "Thing", "price": 10000}


def test_payments_stand_as_they_are_stated(store: Store) -> None:
    order, _ = store.order(
        THING,
        payments=[
            {"gateway": "gift_card", "amount": 2500},
            {"gateway": "shopify_payments", "amount": 7500, "status": "FAILURE"},
            {"gateway": "shopify_payments", "amount": 7500, "kind": "AUTHORIZATION"},
            {"gateway": "shopify_payments", "amount": 3000, "kind": "CAPTURE", "parent": 2},
        ],
    )
    seen = store.see(order)
    assert [(t["kind"], t["status"], t["gateway"], shop_money(t["amountSet"])) for t in seen["transactions"]] == [
        ("SALE", "SUCCESS", "gift_card", "25.0"),
        ("SALE", "FAILURE", "shopify_payments", "75.0"),
        ("AUTHORIZATION", "SUCCESS", "shopify_payments", "75.0"),
        ("CAPTURE", "SUCCESS", "shopify_payments", "30.0"),
    ]
    assert (seen["displayFinancialStatus"], shop_money(seen["totalOutstandingSet"])) == ("PARTIALLY_PAID", "45.0")


def test_duties_and_fees_stand_beside_the_prices(store: Store) -> None:
    line = {**THING, "duties": [{"amount": 700, "code": "6109.10"}]}
    order, _ = store.order(line, fees=[{"name": "Import fee", "amount": 250}])
    store.do("refund", order=order, duties=True)
    seen = store.see(order)
    assert sales(seen) == [
        ("ORDER", "PRODUCT", "100.0"),
        ("ORDER", "DUTY", "7.0"),
        ("ORDER", "ADDITIONAL_FEE", "2.5"),
        ("RETURN", "DUTY", "-7.0"),
    ]
    assert shop_money(seen["originalTotalDutiesSet"]) == "7.0"
    assert shop_money(seen["currentTotalAdditionalFeesSet"]) == "2.5"
    [duty] = seen["refunds"][0]["duties"]
    assert (shop_money(duty["amountSet"]), duty["originalDuty"]["harmonizedSystemCode"]) == ("7.0", "6109.10")
    assert shop_money(seen["netPaymentSet"]) == shop_money(seen["currentTotalPriceSet"]) == "102.5"


def test_duties_that_prices_include_are_shown_and_not_charged(store: Store) -> None:
    order, _ = store.order({**THING, "duties": [{"amount": 700}]}, duties_included=True)
    seen = store.see(order)
    assert shop_money(seen["lineItems"]["nodes"][0]["duties"][0]["price"]) == "7.0"
    assert shop_money(seen["totalPriceSet"]) == "100.0"
    assert sales(seen) == [("ORDER", "PRODUCT", "100.0")]


def test_an_order_in_the_buyers_currency_shows_both(store: Store) -> None:
    order, _ = store.order({**THING, "price": 649}, {**THING, "price": 649}, currency="CAD", rate="0.725")
    seen = store.see(order)
    assert (seen["currencyCode"], seen["presentmentCurrencyCode"]) == ("USD", "CAD")
    assert seen["totalPriceSet"] == {
        "shopMoney": {"amount": "9.41"},
        "presentmentMoney": {"amount": "12.98", "currencyCode": "CAD"},
    }
    assert [each[2] for each in sales(seen)] == ["4.71", "4.71"]


def test_a_refund_that_sent_less_keeps_its_calculated_value_in_the_agreement(store: Store) -> None:
    order, [line] = store.order(THING)
    store.do("refund", order=order, lines={line: 1}, discrepancy=144)
    seen = store.see(order)
    assert sales(seen)[-1] == ("RETURN", "PRODUCT", "-100.0")
    [adjustment] = seen["refunds"][0]["orderAdjustments"]["nodes"]
    assert (adjustment["reason"], shop_money(adjustment["amountSet"])) == ("REFUND_DISCREPANCY", "1.44")
    assert (shop_money(seen["totalOutstandingSet"]), shop_money(seen["netPaymentSet"])) == ("0.0", "1.44")


def test_an_adjustment_is_a_sale_of_the_agreement(store: Store) -> None:
    order, [line] = store.order(THING)
    store.do("refund", order=order, lines={line: 1}, adjustment=1000)
    seen = store.see(order)
    assert sales(seen)[-2:] == [("RETURN", "PRODUCT", "-100.0"), ("RETURN", "ADJUSTMENT", "10.0")]
    assert shop_money(seen["currentTotalPriceSet"]) == shop_money(seen["netPaymentSet"]) == "10.0"


def test_money_goes_back_where_it_is_told(store: Store) -> None:
    order, [line] = store.order(THING, payments=[{"gateway": "paypal", "amount": 4000}, {"gateway": "gift_card"}])
    to = [{"gateway": "gift_card", "amount": 9000}, {"gateway": "shopify_store_credit", "amount": 1000}]
    store.do("refund", order=order, lines={line: 1}, to=to)
    seen = store.see(order)
    assert [(t["gateway"], shop_money(t["amountSet"])) for t in seen["transactions"] if t["kind"] == "REFUND"] == [
        ("gift_card", "90.0"),
        ("shopify_store_credit", "10.0"),
    ]
    assert seen["refunds"][0]["orderAdjustments"]["nodes"] == []


def test_what_comes_back_on_account_is_owed_until_it_is_paid_back(store: Store) -> None:
    order, [line] = store.order(THING)
    store.do("refund", order=order, lines={line: 1}, money=False)
    assert shop_money(store.see(order)["totalOutstandingSet"]) == "-100.0"
    store.do("pay_back", order=order, pending=True)
    assert shop_money(store.see(order)["totalOutstandingSet"]) == "-100.0"
    assert "owe" in store.do("pay_back", expect=400, order=order)["error"]
    store.do("resolve", order=order, status="SUCCESS")
    assert shop_money(store.see(order)["totalOutstandingSet"]) == "0.0"
    assert "pending" in store.do("resolve", expect=400, order=order, status="SUCCESS")["error"]


def test_a_return_keeps_goods_exchange_and_fees_apart(store: Store) -> None:
    order, [line] = store.order(THING)
    exchange = [{"title": "Scarf", "price": 3000}]
    store.do("return", order=order, lines={line: 1}, exchange=exchange, restocking_fee=500, shipping_fee=300)
    seen = store.see(order)
    assert sales(seen) == [
        ("ORDER", "PRODUCT", "100.0"),
        ("RETURN", "PRODUCT", "-100.0"),
        ("ORDER", "FEE", "5.0"),
        ("ORDER", "FEE", "3.0"),
        ("ORDER", "PRODUCT", "30.0"),
    ]
    [returned] = seen["returns"]["nodes"]
    assert (returned["name"], returned["status"]) == (f"{seen['refunds'][0]['return']['name']}", "CLOSED")
    assert [each["id"] for each in returned["refunds"]["nodes"]] == [seen["refunds"][0]["id"]]
    assert seen["agreements"]["nodes"][1]["return"]["name"] == returned["name"]
    assert (seen["returnStatus"], shop_money(seen["netPaymentSet"])) == ("RETURNED", "38.0")


def test_an_exchange_for_more_is_charged(store: Store) -> None:
    order, [line] = store.order(THING)
    exchange = [{"title": "Coat", "price": 15000}]
    store.do("return", order=order, lines={line: 1}, exchange=exchange, charge="paypal")
    seen = store.see(order)
    assert [(t["gateway"], shop_money(t["amountSet"])) for t in seen["transactions"]][-1] == ("paypal", "50.0")
    assert shop_money(seen["totalOutstandingSet"]) == "0.0"


def test_an_edit_swaps_and_takes_shipping_off_in_one_agreement(store: Store) -> None:
    order, [line] = store.order(THING, shipping=500)
    store.do("edit", order=order, lines={line: 0}, add={"title": "Other", "price": 9000}, remove_shipping=True)
    seen = store.see(order)
    assert [each["reason"] for each in seen["agreements"]["nodes"]] == ["ORDER", "ORDER_EDIT"]
    assert sales(seen)[2:] == [
        ("RETURN", "PRODUCT", "-100.0"),
        ("ORDER", "PRODUCT", "90.0"),
        ("RETURN", "SHIPPING", "-5.0"),
    ]
    assert seen["agreements"]["nodes"][1]["sales"]["nodes"][2]["shippingLine"] is None
    assert seen["shippingLines"]["nodes"] == []
    assert seen["all"]["nodes"] == [{"title": "Standard", "isRemoved": True}]
    assert shop_money(seen["totalOutstandingSet"]) == "-15.0"


def test_cash_is_rounded_both_ways(store: Store) -> None:
    order, [line] = store.order({**THING, "price": 653}, tender="cash", cash_rounding=5, source="pos")
    store.do("refund", order=order, lines={line: 1})
    seen = store.see(order)
    rounding = seen["totalCashRoundingAdjustment"]
    assert [
        (t["kind"], shop_money(t["amountSet"]), shop_money(t["amountRoundingSet"])) for t in seen["transactions"]
    ] == [
        ("SALE", "6.55", "0.02"),
        ("REFUND", "6.55", "0.02"),
    ]
    assert (shop_money(rounding["paymentSet"]), shop_money(rounding["refundSet"])) == ("0.02", "0.02")
    assert shop_money(seen["totalOutstandingSet"]) == "0.0"


def test_a_discount_is_told_without_and_with_the_tax_it_spared(sandbox: Any) -> None:
    british = Store(sandbox, sandbox.install(UK_SHOP), UK_SHOP)
    rates = [{"title": "VAT", "parts": 20000}]
    order, _ = british.order({"title": "Thing", "price": 12000}, discount_percent=50, tax_rates=rates)
    [sale] = british.see(order)["agreements"]["nodes"][0]["sales"]["nodes"]
    assert shop_money(sale["totalDiscountAmountAfterTaxes"]) == "60.0"
    assert shop_money(sale["totalDiscountAmountBeforeTaxes"]) == "50.0"
    assert (shop_money(sale["totalAmount"]), shop_money(sale["totalTaxAmount"])) == ("60.0", "10.0")


def test_taxes_may_be_stated_to_the_cent(store: Store) -> None:
    taxes = [
        {"title": "State", "amount": 611, "rate": "0.0625"},
        {"title": "City", "amount": 0, "channel_liable": True},
    ]
    order, _ = store.order({**THING, "taxes": taxes})
    shown = store.see(order)["lineItems"]["nodes"][0]["taxLines"]
    assert [(t["title"], t["rate"], t["channelLiable"], shop_money(t["priceSet"])) for t in shown] == [
        ("State", 0.0625, False, "6.11"),
        ("City", 0.0, True, "0.0"),
    ]


def test_a_business_buys_on_terms(store: Store) -> None:
    order, _ = store.order(
        THING,
        company={"name": "Acme", "location": "Depot"},
        po_number="PO-1",
        payment_terms={"name": "Net 15", "days": 15},
        tender="none",
    )
    seen = store.see(order)
    assert (seen["purchasingEntity"]["__typename"], seen["poNumber"]) == ("PurchasingCompany", "PO-1")
    assert seen["purchasingEntity"]["location"]["name"] == "Depot"
    [schedule] = seen["paymentTerms"]["paymentSchedules"]["nodes"]
    assert schedule["balanceDue"] == {"amount": "100.0", "currencyCode": "USD"}
    again, _ = store.order(THING, company={"name": "Acme"})
    assert store.see(again)["purchasingEntity"]["company"] == seen["purchasingEntity"]["company"]


def test_an_imported_order_is_paid_without_any_transaction(store: Store) -> None:
    order, _ = store.order(THING, imported=True, lists_agreements=False)
    seen = store.see(order)
    assert (seen["displayFinancialStatus"], seen["transactions"]) == ("PAID", [])
    assert (seen["agreements"]["nodes"], shop_money(seen["totalOutstandingSet"])) == ([], "100.0")


def test_a_deleted_product_leaves_the_line_as_it_was_sold(store: Store) -> None:
    product = store.do("product", set={"title": "Gone soon"}, variants=[{"price": 500, "sku": "GONE"}])
    order, _ = store.order({"variant_id": product["variants"][0]})
    assert store.see(order)["lineItems"]["nodes"][0]["product"]["id"] == product["id"]
    store.do("product/delete", product=product["id"])
    [line] = store.see(order)["lineItems"]["nodes"]
    assert (line["product"], line["variant"], line["sku"], line["title"]) == (None, None, "GONE", "Gone soon")
    store.do("product/delete", expect=404, product=product["id"])


@pytest.mark.parametrize(
    ("what", "asked"),
    [
        ("refund", {"lines": {}, "shipping": 1}),
        ("refund", {"discrepancy": -10_001}),
        ("refund", {"lines": {"1": 1}}),
        ("return", {"lines": {}}),
        ("edit", {"lines": {}}),
        ("pay_back", {}),
        ("collect", {}),
        ("resolve", {"status": "GONE"}),
    ],
)
def test_what_an_order_does_not_allow_is_refused_and_leaves_no_trace(store: Store, what: str, asked: Any) -> None:
    order, _ = store.order(THING)
    before = store.see(order)
    store.do(what, expect=400, order=order, **asked)
    assert store.see(order) == before


def test_the_totals_of_a_store_say_what_is_left_and_who_holds_the_money(own_sandbox: Any) -> None:
    sandbox = own_sandbox()
    sandbox.control(
        "orders", shop=SHOP, count=80, seed=9, mix={"sale": 1, "foreign": 1, "exchanged_down": 1, "duties": 1}
    )
    report = sandbox.look("totals", shop=SHOP, orders=1)
    orders = [each for each in report["by_order"].values() if not each["test"]]
    for each in orders:
        left = sum(amount for name, amount in each.items() if name.startswith("current_") and name != "current_total")
        assert left + each["conversion"] == each["current_total"]
        assert abs(each["conversion"]) <= (20 if each["currency"] != "USD" else 0)
        held = sum(each["gateways"].values())
        assert abs(held - (each["received"] - each["refund_paid"])) <= (2 if each["currency"] != "USD" else 0)
    assert report["sums"]["current_total"] == sum(each["current_total"] for each in orders)
    assert sum(report["gateways"].values()) == sum(sum(each["gateways"].values()) for each in orders)


def test_the_page_of_an_order_takes_goods_back_in_exchange(sandbox: Any, store: Store) -> None:
    order, [line] = store.order(THING)
    page = f"{sandbox.url}/{SHOP}/admin/orders/{order.rpartition('/')[2]}"
    assert "Return or exchange" in requests.get(page, timeout=10).text
    variant = sandbox.look("catalogue", shop=SHOP)["products"][0]["variants"][0]["id"]
    requests.post(f"{page}/exchange", data={f"line-{line}": "1", "variant": str(variant)}, timeout=10)
    requests.post(f"{page}/edit", data={"variant": str(variant)}, timeout=10)
    seen = store.see(order)
    assert [each["reason"] for each in seen["agreements"]["nodes"]] == ["ORDER", "RETURN", "ORDER_EDIT"]
