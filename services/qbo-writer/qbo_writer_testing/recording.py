"""Records what a store answers about an order while its story happens: the input of the golden cases.

A story is a list of steps at the stand-in store's side door: `{"order": {…}}`, `{"refund": {…}}`, `{"edit": {…}}` and
so on, `{"look": {}}` where delivery sees the order as it is then. Between two steps an hour passes; all times are told
as if the story began at `BEGAN`, so that recording again gives the same files.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import requests

import shopify_sandbox
from shopify_sync.shopify_admin import ShopifyAdmin
from shopify_sync.stores import Store
from shopify_sync.whole_orders import WholeOrders

BEGAN = datetime(2026, 10, 5, 15, 0, tzinfo=UTC)
STORES = {
    "us": ("northwind-outfitters.myshopify.com", "USD"),
    "uk": ("harbour-lane.myshopify.com", "GBP"),
}
_SANDBOX = Path(shopify_sandbox.__file__).parents[1]
_CALLBACK = "http://127.0.0.1:9/callback"
_APP = {"client_id": "recorder", "client_secret": "recorder", "redirect_uris": [_CALLBACK], "name": "Recorder"}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_HOUR = 3600
Json = dict[str, Any]


def record(case: Mapping[str, Any], folder: Path) -> list[Json]:
    """Each look: the order's node and its refunds, as Shopify's GraphQL answers them."""
    with _running(folder) as url:
        return _Recorder(url, *STORES[str(case["store"])]).play(case["story"])


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(_SANDBOX),
        "SHOPIFY_SANDBOX_PORT": "0",
        "SHOPIFY_SANDBOX_DATA": str(folder),
        "SHOPIFY_SANDBOX_CLIENTS": json.dumps([_APP]),
        "SHOPIFY_SANDBOX_BUCKET_SIZE": "1000000",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "shopify_sandbox"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        yield (process.stdout.readline() if process.stdout else "").split()[-1]
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout:
            process.stdout.close()


class _Recorder:
    """One store, one order."""

    def __init__(self, url: str, shop: str, currency: str) -> None:
        self._url, self._shop, self._currency = url, shop, currency
        self._token = self._install()
        self._order: Json = {}
        self._began = datetime.now(UTC)

    def play(self, story: list[Json]) -> list[Json]:
        looks: list[Json] = []
        for step in story:
            [(name, said)] = step.items()
            if name == "look":
                looks.append(self._look())
            else:
                self._do(name, dict(said))
                self._door("clock", {"advance_seconds": _HOUR * said.get("hours", 1)})
        return cast("list[Json]", json.loads(_INSTANT.sub(self._retold, json.dumps(looks))))

    def _do(self, name: str, said: Json) -> None:
        """The first step makes the order. `$lines[0]` and the like name what earlier steps answered."""
        said.pop("hours", None)
        asked = {"shop": self._shop, **self._named(said)}
        if name not in ("order", "customer", "product", "product/delete"):
            asked["order"] = self._order["id"]
        answer = self._door(name, asked)
        if name not in ("customer", "product", "product/delete"):
            self._order = answer

    def _named(self, said: Any) -> Any:
        """Puts ids in the place of `$lines[0]`, `$transactions[1]`, `$refunds[0]`, `$returns[0]`, keys included."""
        if isinstance(said, dict):
            return {self._named(key): self._named(value) for key, value in said.items()}
        if isinstance(said, list):
            return [self._named(each) for each in said]
        if isinstance(said, str) and (found := re.fullmatch(r"\$(\w+)\[(\d+)\]", said)):
            each = self._order[found[1]][int(found[2])]
            return each["id"] if isinstance(each, dict) else each
        return said

    def _door(self, path: str, asked: Json) -> Json:
        answer = requests.post(f"{self._url}/_sandbox/{path}", json=asked, timeout=30)
        if answer.status_code != 200:
            raise AssertionError(f"{path} {asked}: {answer.text}")
        return cast("Json", answer.json())

    def _look(self) -> Json:
        store = Store(self._shop, "b1", "America/Chicago", self._currency, True)
        admin = cast("ShopifyAdmin", self)
        [found] = asyncio.run(WholeOrders(admin).read(store, [self._order["id"]]))
        return {"order": found.node, "refunds": found.refunds}

    async def ask(self, _business: str, text: str, variables: Mapping[str, Any] | None = None) -> Any:
        """What `ShopifyAdmin` is asked, without auth and throttle."""
        return await asyncio.to_thread(self._ask, text, variables or {})

    def _ask(self, text: str, variables: Mapping[str, Any]) -> Any:
        answer = requests.post(
            f"{self._url}/{self._shop}/admin/api/2026-10/graphql.json",
            json={"query": text, "variables": variables},
            headers={"X-Shopify-Access-Token": self._token},
            timeout=30,
        ).json()
        if "errors" in answer:
            raise AssertionError(answer["errors"])
        return answer["data"]

    def _retold(self, found: re.Match[str]) -> str:
        """Whole hours since the story began, told from `BEGAN` on."""
        since = datetime.fromisoformat(found[0]) - self._began
        hours = round(since.total_seconds() / _HOUR)
        return (BEGAN + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")

    def _install(self) -> str:
        page = f"{self._url}/{self._shop}/admin/oauth/authorize"
        asked = {"client_id": "recorder", "redirect_uri": _CALLBACK, "state": "s", "action": "install"}
        asked["scope"] = "read_orders,read_all_orders,read_customers,read_products"
        back = requests.post(page, data=asked, allow_redirects=False, timeout=10).headers["Location"]
        code = dict(parse_qsl(urlsplit(back).query))["code"]
        body = {"client_id": "recorder", "client_secret": "recorder", "code": code}
        answer = requests.post(f"{self._url}/{self._shop}/admin/oauth/access_token", json=body, timeout=10)
        return str(answer.json()["access_token"])
