"""The orders of some days, page after page in the order of their ids: no cursor to keep, and no end at 25,000."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shopify_sync.bulk_export import Listed
from shopify_sync.documents import query
from shopify_sync.shopify_admin import ShopifyAdmin

_LISTED = query("listed_orders")


async def page(admin: ShopifyAdmin, business_id: str, search: str, after_id: int) -> Sequence[Listed]:
    """The next ones after that id; none at the end."""
    asked = {"query": f"{search} id:>{after_id}"}
    nodes = (await admin.ask(business_id, _LISTED, asked))["orders"]["nodes"]
    return [Listed(node["id"], datetime.fromisoformat(node["updatedAt"])) for node in nodes]


def number_of(source_id: str) -> int:
    """The number in an order's gid."""
    return int(source_id.rpartition("/")[2])
