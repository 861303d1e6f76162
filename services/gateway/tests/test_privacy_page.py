"""Privacy requests of Shopify, as owners and admins see them."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from gateway.privacy import held_text
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

PATH = "/connections/shopify/privacy"
_ASKED = """
INSERT INTO privacy_request (shop_domain, webhook_id, topic, body, business_id, customer_id, held, sentence, done_at)
SELECT 'gifts.myshopify.com', %(business)s || n, 'customers/data_request', '', %(business)s,
       'gid://shopify/Customer/' || n,
       '[{"kind": "order", "id": "gid://shopify/Order/7"}, {"kind": "order", "id": "gid://shopify/Order/8"}]',
       'Please hand it over in 30 days.', now()
  FROM generate_series(1, 22) n
"""


def test_what_was_held_is_counted_by_kind() -> None:
    held = [{"kind": kind, "source_id": ""} for kind in ("order", "customer", "order")]
    assert held_text(held) == "1 customer, 2 orders"
    assert held_text([]) == ""


def test_who_may_not_manage_sees_no_privacy_requests(viewer: Visitor) -> None:
    assert viewer.get(PATH).status_code == 403
    assert PATH not in viewer.get("/connections").text


def test_requests_are_listed_with_what_was_held_and_done(
    platform: LocalPlatform, sign_up: Callable[[str], Visitor]
) -> None:
    owner = sign_up("prue")
    assert "Nobody has asked" in owner.get(PATH).text
    with psycopg.connect(platform.environment("shopify-sync")["DATABASE_URL"], autocommit=True) as database:
        database.execute(_ASKED, {"business": owner.api("me")["business"]["id"]})
    newest = owner.get(PATH).text
    for part in (
        "A customer asks for their data",
        "gid://shopify/Customer/22",
        "2 orders",
        "Please hand it over",
        "Done",
    ):
        assert part in newest
    assert "gid://shopify/Customer/2<" not in newest
    older = newest.partition(f'href="{PATH}?page=')[2].partition('"')[0]
    assert "gid://shopify/Customer/2<" in owner.get(f"{PATH}?page={older}").text
