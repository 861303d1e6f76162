"""Starts the real stand-in as a process and talks to it as an app and as a store owner would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

SANDBOX = Path(__file__).parents[2]
SHOP = "northwind-outfitters.myshopify.com"
UK_SHOP = "harbour-lane.myshopify.com"
CALLBACK = "http://127.0.0.1:9/callback"
CLIENTS = [
    {"client_id": "product", "client_secret": "hush", "redirect_uris": [CALLBACK], "name": "LedgerPort"},
    {"client_id": "auditor", "client_secret": "quiet", "redirect_uris": [CALLBACK], "name": "Auditor"},
]


class Sandbox:
    """One running process over a data folder; `start` again after `kill` keeps the folder."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data, self.settings = data, settings
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> Sandbox:
        env = {
            **os.environ,
            "PYTHONPATH": str(SANDBOX),
            "SHOPIFY_SANDBOX_PORT": "0",
            "SHOPIFY_SANDBOX_DATA": str(self.data),
            "SHOPIFY_SANDBOX_CLIENTS": json.dumps(CLIENTS),
            "SHOPIFY_SANDBOX_WEBHOOK_RETRY_BASE_SECONDS": "0.02",
            **{f"SHOPIFY_SANDBOX_{name.upper()}": value for name, value in self.settings.items()},
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "shopify_sandbox"], env=env, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("shopify sandbox ready on http://"), line
        self.url = line.split()[-1]
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(timeout=10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def control(self, path: str, expect: int = 200, **asked: Any) -> Any:
        answer = requests.post(f"{self.url}/_sandbox/{path}", json=asked, timeout=30)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def look(self, path: str, **asked: Any) -> Any:
        answer = requests.get(f"{self.url}/_sandbox/{path}", params=asked, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def consent(self, shop: str = SHOP, client: str = "product", scope: str = "", action: str = "install") -> Any:
        """Press a button on the consent page; answers the response, redirects not followed."""
        page = f"{self.url}/{shop}/admin/oauth/authorize"
        asked = {"client_id": client, "redirect_uri": CALLBACK, "state": "s1", "scope": scope}
        return requests.post(page, data={**asked, "action": action}, allow_redirects=False, timeout=10)

    def code(self, shop: str = SHOP, client: str = "product", scope: str = "") -> str:
        back: str = self.consent(shop, client, scope).headers["Location"]
        return dict(parse_qsl(urlsplit(back).query))["code"]

    def exchange(self, shop: str = SHOP, **fields: str) -> requests.Response:
        url = f"{self.url}/{shop}/admin/oauth/access_token"
        return requests.post(url, data={"client_id": "product", "client_secret": "hush", **fields}, timeout=10)

    def install(self, shop: str = SHOP, client: str = "product", scope: str = "") -> App:
        secret = next(c["client_secret"] for c in CLIENTS if c["client_id"] == client)
        answer = self.exchange(
            shop, client_id=client, client_secret=str(secret), code=self.code(shop, client, scope), expiring="1"
        )
        assert answer.status_code == 200, answer.text
        return App(self, shop, answer.json()["access_token"], answer.json()["refresh_token"])


class App:
    """An installed app with its token."""

    def __init__(self, sandbox: Sandbox, shop: str, token: str, refresh_token: str) -> None:
        self.sandbox, self.shop, self.token, self.refresh_token = sandbox, shop, token, refresh_token

    def post(self, query: str, variables: dict[str, Any] | None = None, version: str = "2026-10") -> requests.Response:
        return requests.post(
            f"{self.sandbox.url}/{self.shop}/admin/api/{version}/graphql.json",
            json={"query": query, "variables": variables or {}},
            headers={"X-Shopify-Access-Token": self.token},
            timeout=30,
        )

    def ask(self, query: str, /, **variables: Any) -> Any:
        answer = self.post(query, variables)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert "errors" not in body, body["errors"]
        return body["data"]

    def subscribe(self, topic: str, uri: str) -> Any:
        made = self.ask(
            "mutation($t: WebhookSubscriptionTopic!, $s: WebhookSubscriptionInput!) {"
            " webhookSubscriptionCreate(topic: $t, webhookSubscription: $s)"
            " { webhookSubscription { id topic uri } userErrors { field message } } }",
            t=topic,
            s={"uri": uri},
        )
        return made["webhookSubscriptionCreate"]


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One stand-in for all tests that leave its faults and settings alone."""
    running = Sandbox(tmp_path_factory.mktemp("shopify"), bucket_size="1000000").start()
    yield running
    running.stop()


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Any]:
    """A maker of stand-ins that only this test touches."""
    started: list[Sandbox] = []

    def make(**settings: str) -> Sandbox:
        started.append(Sandbox(tmp_path / f"data{len(started)}", **settings).start())
        return started[-1]

    yield make
    for one in started:
        if one.process is not None and one.process.poll() is None:
            one.stop()


@pytest.fixture(scope="session")
def app(sandbox: Sandbox) -> App:
    return sandbox.install()
