"""The Mapping pages: lists, choosing by hand, Auto-Map, and files in and out."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import psycopg
import pytest
import requests

from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor
from qbo_writer_testing.settings_office import put_record

SignUp = Callable[[str], Visitor]
SERVICES, HOURS, CUP = (f"gid://shopify/ProductVariant/{number}" for number in (9001, 9002, 9003))


@pytest.fixture(scope="module")
def boss(sign_up: SignUp, platform: LocalPlatform) -> Visitor:
    """With a company that was read, three products, a customer, a gateway and a tax, none of them mapped."""
    visitor = sign_up("mona")
    assert "QuickBooks is connected" in visitor.connect_quickbooks("9341450000000003").text
    visitor.get("/sync-config")
    business = str(visitor.api("me")["business"]["id"])
    url = platform.environment("qbo-writer")["DATABASE_URL"]
    # Ignored, so that delivery leaves them alone.
    for number, name, sku in ((9001, "Services", ""), (9002, "Hours", "H-<1>"), (9003, "Cup & saucer", "CUP-1")):
        put_record(url, "product", number, name, sku, status="skipped", reason="IGNORED", business=business)
    put_record(
        url, "customer", 9001, "Walk-in  CUSTOMER", "x@y.test", status="skipped", reason="IGNORED", business=business
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO seen_gateway (business_id, label) VALUES (%s, 'PayPal')", (business,))
        connection.execute("INSERT INTO seen_tax (business_id, tax_key) VALUES (%s, 'VAT 20 %%')", (business,))
    return visitor


def chosen(visitor: Visitor, tab: str, source: str) -> str:
    """What stands for this thing, as the page of choosing says."""
    page = visitor.browser.get(f"{visitor.page_url}/mapping/{tab}/choose", params={"source": source}, timeout=20)
    found = re.search(r"It stands for the [a-z ]+ <strong>([^<]+)</strong>", page.text)
    return unescape(found[1]) if found else ""


def choosing(visitor: Visitor, tab: str, source: str, text: str = "") -> requests.Response:
    query = {"source": source, "q": text, "back": f"/mapping/{tab}?show=unmapped"}
    return visitor.browser.get(f"{visitor.page_url}/mapping/{tab}/choose", params=query, timeout=20)


def row(page: requests.Response, name: str) -> str:
    return next((part for part in page.text.split("<tr>") if f'<th scope="row">{name}' in part), "")


@pytest.mark.parametrize("tab", ["products", "customers", "gateways", "taxes"])
def test_before_a_company_is_connected_each_list_says_what_is_missing(sign_up: SignUp, tab: str) -> None:
    page = sign_up("newt").get(f"/mapping/{tab}")
    assert "QuickBooks has not been read yet" in page.text
    assert 'class="empty card"' in page.text


def test_mapping_opens_with_products(boss: Visitor) -> None:
    page = boss.get("/mapping")
    assert page.url == f"{boss.page_url}/mapping/products"
    assert "Not mapped" in row(page, "Services")
    assert "H-&lt;1&gt;" in page.text


def test_a_list_is_searched_and_filtered_by_the_server(boss: Visitor) -> None:
    found = boss.get("/mapping/products?q=cup-1")
    assert row(found, "Cup &amp; saucer")
    assert not row(found, "Services")
    assert "Nothing matches" in boss.get("/mapping/products?q=zebra").text


def test_something_is_chosen_by_hand_and_taken_back(boss: Visitor) -> None:
    page = choosing(boss, "products", CUP, "hours")
    action = re.findall(r'name="quickbooks_id" value="(\d+)"', page.text)
    assert len(action) == 1
    arrived = boss.submit(page, "/mapping/products/set", quickbooks_id=action[0])
    assert arrived.url == f"{boss.page_url}/mapping/products?show=unmapped"
    assert "“Cup & saucer” stands for “Hours” in QuickBooks from now on." in unescape(arrived.text)
    assert chosen(boss, "products", CUP) == "Hours"
    back = boss.submit(choosing(boss, "products", CUP), "/mapping/products/clear")
    assert "taken back" in back.text
    assert chosen(boss, "products", CUP) == ""
    history = unescape(choosing(boss, "products", CUP).text)
    assert "Hours → not chosen" in history


def test_what_cannot_stand_for_it_is_refused_on_the_same_page(boss: Visitor) -> None:
    page = choosing(boss, "gateways", "PayPal")
    answer = boss.submit(page, "/mapping/gateways/set", quickbooks_id="79")
    assert answer.status_code == 400
    assert "a clearing account needs Bank or Other Current Asset" in answer.text
    assert chosen(boss, "gateways", "PayPal") == ""


def test_nobody_is_sent_elsewhere_after_choosing(boss: Visitor) -> None:
    page = choosing(boss, "gateways", "PayPal", "checking")
    told = {"back": "https://evil.test/", "quickbooks_id": "35"}
    arrived = boss.submit(page, "/mapping/gateways/set", **told)
    assert arrived.url == f"{boss.page_url}/mapping/gateways"


def test_auto_map_shows_the_clear_matches_and_maps_what_stays_ticked(boss: Visitor) -> None:
    page = boss.get("/mapping/products/auto")
    values = [unescape(each) for each in re.findall(r'name="pick\.\d+" value="([^"]+)"', page.text)]
    assert sorted(each.partition("|")[2] for each in values) == [SERVICES, HOURS]
    services = next(each for each in values if each.endswith(SERVICES))
    token = {"csrf_token": boss.api("me")["csrf_token"]}
    arrived = boss.browser.post(f"{boss.page_url}/mapping/products/auto", data=token | {"pick.1": services}, timeout=20)
    assert "1 mapped." in arrived.text
    assert chosen(boss, "products", SERVICES) == "Services"
    assert chosen(boss, "products", HOURS) == ""


def test_a_tax_and_a_customer_are_proposed_by_rate_and_name(boss: Visitor) -> None:
    assert "The only code of this rate" in boss.get("/mapping/taxes/auto").text
    assert "Same name" in boss.get("/mapping/customers/auto").text


def upload(visitor: Visitor, content: bytes, **fields: str) -> requests.Response:
    token = {"csrf_token": visitor.api("me")["csrf_token"]} | fields
    sent = {"file": ("list.csv", content, "text/csv")}
    return visitor.browser.post(f"{visitor.page_url}/mapping/products/import", data=token, files=sent, timeout=30)


def test_an_exported_list_can_be_filled_in_and_imported(boss: Visitor) -> None:
    exported = boss.get("/mapping/products/export.csv")
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    assert exported.headers["content-disposition"] == 'attachment; filename="ledgerport-products.csv"'
    text = exported.content.decode("utf-8-sig")
    filled = text.replace("CUP-1,,", "CUP-1,,Services")
    arrived = upload(boss, filled.encode())
    assert "1 mapped" in arrived.text
    assert chosen(boss, "products", CUP) == "Services"


def test_a_bad_file_changes_nothing_and_every_bad_line_is_told(boss: Visitor) -> None:
    before = chosen(boss, "products", CUP)
    answer = upload(boss, f"shopify_id,quickbooks_id\n{CUP},1\n{CUP},x\nnobody,1\n".encode())
    assert answer.status_code == 400
    text = unescape(answer.text)
    assert "Nothing was imported: 2 lines of the file cannot be taken." in text
    assert "Line 3: QuickBooks has no item with the id x." in text
    assert "Line 4: nobody has not come from your store." in text
    assert chosen(boss, "products", CUP) == before
    assert "Choose a file first" in upload(boss, b"").text


def test_a_file_without_the_sessions_token_or_of_the_wrong_kind_is_refused(
    boss: Visitor, platform: LocalPlatform
) -> None:
    line = f"shopify_id,quickbooks_id\n{CUP},1\n".encode()
    assert upload(boss, line, csrf_token="wrong").status_code == 403
    url, token = f"{boss.page_url}/mapping/products/import", {"csrf_token": boss.api("me")["csrf_token"]}
    assert boss.browser.post(url, data=token, timeout=20).status_code == 415
    broken = {"content-type": "multipart/form-data; boundary=x"}
    assert boss.browser.post(url, data=b"--y\r\nnonsense", headers=broken, timeout=20).status_code in (400, 403)
    bare = {"content-type": "multipart/form-data"}
    assert boss.browser.post(url, data=b"--y\r\nnonsense", headers=bare, timeout=20).status_code in (400, 403)
    assert upload(boss, b"x" * (3 * 1024 * 1024 + 1)).status_code == 413


def test_a_product_can_be_asked_to_be_made_in_quickbooks(boss: Visitor) -> None:
    arrived = boss.submit(choosing(boss, "products", HOURS), "/mapping/products/create")
    assert "made in QuickBooks in a moment" in arrived.text
    assert "Being made" in row(boss.get("/mapping/products"), "Hours")


def test_a_viewer_sees_the_lists_and_nothing_to_press(owner: Visitor, viewer: Visitor) -> None:
    page = viewer.get("/mapping/products")
    assert page.status_code == 200
    for hidden in ("Auto-Map", "Import", "/choose?"):
        assert hidden not in page.text
    assert "Export" in page.text
    for path in ("auto", "import", "choose?source=x"):
        assert viewer.get(f"/mapping/products/{path}").status_code == 403


def test_what_is_not_ones_own_is_not_there(boss: Visitor, owner: Visitor) -> None:
    assert choosing(owner, "products", CUP).status_code == 404
    assert boss.get("/mapping/nonsense").status_code == 404
