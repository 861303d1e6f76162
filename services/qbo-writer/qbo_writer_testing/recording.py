"""Records what a store answers about an order while its story happens: the input of the golden cases.

A story is a list of steps at the stand-in store's side door: `{"order": {…}}`, `{"refund": {…}}`, `{"edit": {…}}` and
so on, `{"wait": {"hours": 9}}`, and `{"look": {…}}` where delivery sees the order as it is then. Between two steps an
hour passes (`hours` says otherwise); all times are told as if the story began at `BEGAN`, so that recording again gives
the same files.
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
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec
import requests

import shopify_sandbox
from shopify_sandbox.catalogue import OPENED, fresh_shop
from shopify_sandbox.journal import Journal
from shopify_sandbox.model import ShopFacts, TaxRate
from shopify_sync.shopify_admin import ShopifyAdmin
from shopify_sync.stores import Store
from shopify_sync.whole_orders import WholeOrders

BEGAN = datetime(2026, 10, 5, 15, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class GoldenStore:
    """A store that golden cases sell in."""

    shop: str
    currency: str
    zone: str


STORES = {
    "us": GoldenStore("northwind-outfitters.myshopify.com", "USD", "America/New_York"),
    "uk": GoldenStore("harbour-lane.myshopify.com", "GBP", "Europe/London"),
    "ca": GoldenStore("cedar-and-salt.myshopify.com", "CAD", "America/Vancouver"),
}
# The stand-in has no store in Canada; this one is opened in its data before it starts.
_CANADIAN = ShopFacts(
    domain=STORES["ca"].shop,
    id=61200400004,
    name="Cedar & Salt",
    email="owner@cedar-and-salt.example",
    currency="CAD",
    zone="America/Vancouver",
    taxes_included=False,
    country="Canada",
    country_code="CA",
    province="British Columbia",
    province_code="BC",
    taxes=[TaxRate(title="GST", parts=5000), TaxRate(title="PST", parts=7000)],
    next_id=7_400_000_000_000,
    created_at=OPENED,
)
_SANDBOX = Path(shopify_sandbox.__file__).parents[1]
_CALLBACK = "http://127.0.0.1:9/callback"
_APP = {"client_id": "recorder", "client_secret": "recorder", "redirect_uris": [_CALLBACK], "name": "Recorder"}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_REFERENCE = re.compile(r"\$(\w+)\[(\d+)\]")
_HOUR = 3600
_NOT_ABOUT_THE_ORDER = ("order", "customer", "product", "product/delete")
Json = dict[str, Any]


def record(case: Mapping[str, Any], folder: Path) -> list[Json]:
    """Each look: the order's node and its refunds, as Shopify's GraphQL answers them, or the id of what is gone."""
    store = STORES[str(case["store"])]
    if store.shop == _CANADIAN.domain:
        journal = Journal(folder)
        # A copy: a store counts its ids in its facts.
        fresh_shop(msgspec.structs.replace(_CANADIAN), journal)
        journal.close()
    with _running(folder) as url:
        return _Recorder(url, store).play(case["story"])


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

    def __init__(self, url: str, store: GoldenStore) -> None:
        self._url, self._store = url, store
        self._token = self._install()
        self._order: Json = {}
        # Ids that steps answered, by what they made: the order's lines and transactions, customers, variants.
        self._made: dict[str, list[int]] = {}
        self._began = datetime.now(UTC)

    def play(self, story: list[Json]) -> list[Json]:
        looks: list[Json] = []
        for step in story:
            [(name, said)] = step.items()
            if name == "look":
                looks.append({"gone": self._order["id"]} if said.get("gone") else self._look())
                continue
            if name != "wait":
                self._do(name, {key: value for key, value in said.items() if key != "hours"})
            self._door("clock", {"advance_seconds": _HOUR * said.get("hours", 1)})
        return cast("list[Json]", json.loads(_INSTANT.sub(self._retold, json.dumps(looks))))

    def _do(self, name: str, said: Json) -> None:
        asked = {"shop": self._store.shop, **self._named(said)}
        if name not in _NOT_ABOUT_THE_ORDER:
            asked["order"] = self._order["id"]
        answer = self._door(name, asked)
        if name == "customer":
            self._made["customers"] = [*self._made.get("customers", []), _number(answer["id"])]
        elif name == "product":
            self._made["products"] = [*self._made.get("products", []), _number(answer["id"])]
            self._made["variants"] = [*self._made.get("variants", []), *answer["variants"]]
        elif name != "product/delete":
            self._order = answer
            for kind in ("lines", "transactions", "refunds", "returns"):
                self._made[kind] = [_number(each["id"] if isinstance(each, dict) else each) for each in answer[kind]]

    def _named(self, said: Any) -> Any:
        """Puts ids in the place of `$lines[0]`, `$customers[0]`, `$variants[1]` and the like, keys included."""
        if isinstance(said, dict):
            return {str(self._named(key)): self._named(value) for key, value in said.items()}
        if isinstance(said, list):
            return [self._named(each) for each in said]
        if isinstance(said, str) and (found := _REFERENCE.fullmatch(said)):
            return self._made[found[1]][int(found[2])]
        return said

    def _door(self, path: str, asked: Json) -> Json:
        answer = requests.post(f"{self._url}/_sandbox/{path}", json=asked, timeout=30)
        if answer.status_code != 200:
            raise AssertionError(f"{path} {asked}: {answer.text}")
        return cast("Json", answer.json())

    def _look(self) -> Json:
        store = Store(self._store.shop, "b1", self._store.zone, self._store.currency, True)
        admin = cast("ShopifyAdmin", self)
        [found] = asyncio.run(WholeOrders(admin).read(store, [self._order["id"]]))
        return {"order": found.node, "refunds": found.refunds}

    async def ask(self, _business: str, text: str, variables: Mapping[str, Any] | None = None) -> Any:
        """What `ShopifyAdmin` is asked, without auth and throttle."""
        return await asyncio.to_thread(self._ask, text, variables or {})

    def _ask(self, text: str, variables: Mapping[str, Any]) -> Any:
        answer = requests.post(
            f"{self._url}/{self._store.shop}/admin/api/2026-10/graphql.json",
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
        page = f"{self._url}/{self._store.shop}/admin/oauth/authorize"
        asked = {"client_id": "recorder", "redirect_uri": _CALLBACK, "state": "s", "action": "install"}
        asked["scope"] = "read_orders,read_all_orders,read_customers,read_products"
        back = requests.post(page, data=asked, allow_redirects=False, timeout=10).headers["Location"]
        code = dict(parse_qsl(urlsplit(back).query))["code"]
        body = {"client_id": "recorder", "client_secret": "recorder", "code": code}
        answer = requests.post(f"{self._url}/{self._store.shop}/admin/oauth/access_token", json=body, timeout=10)
        return str(answer.json()["access_token"])


def _number(identity: str | int) -> int:
    return int(str(identity).rpartition("/")[2])
