"""For tests: a running stand-in, an app that walks its OAuth pages, and a client of one company."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests


class Surprise(AssertionError):
    """The stand-in answered what the test did not expect."""


def expect(held: object, said: str) -> None:
    if not held:
        raise Surprise(said)


SANDBOX = Path(__file__).parents[1]
US, AUTOMATED, BRITISH = "9341450000000001", "9341450000000002", "9341450000000003"
TRADING, CANADIAN = "9341450000000004", "9341450000000005"
CALLBACK = "http://localhost:9/callback"
APPS = [
    {"client_id": "product", "client_secret": "product-secret", "redirect_uris": [CALLBACK]},
    {"client_id": "auditor", "client_secret": "auditor-secret", "redirect_uris": [CALLBACK]},
]
UNLIMITED = {"requests_per_minute": 0, "requests_per_second": 0, "concurrent_requests": 0, "batches_per_minute": 0}


@dataclass
class StandIn:
    """One process of the stand-in."""

    folder: Path
    process: subprocess.Popen[str]
    url: str
    session: requests.Session = field(default_factory=requests.Session)

    @classmethod
    def start(cls, folder: Path, **environment: str) -> StandIn:
        settings = {
            "INTUIT_SANDBOX_PORT": "0",
            "INTUIT_SANDBOX_DATA": str(folder),
            "INTUIT_SANDBOX_CLIENTS": json.dumps(APPS),
            "PYTHONPATH": str(SANDBOX),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "intuit_sandbox"],
            env={**os.environ, **settings, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        said = process.stdout.readline() if process.stdout else ""
        expect(said.startswith("intuit sandbox ready on http://127.0.0.1:"), said)
        return cls(folder, process, said.split()[-1])

    def stop(self, *, kill: bool = False) -> int:
        self.session.close()
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        code = self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def door(self, method: str, path: str, payload: Any = None) -> Any:
        response = self.session.request(method, f"{self.url}/_sandbox/{path}", json=payload, timeout=10)
        expect(response.status_code == 200, response.text)
        return response.json()

    def knobs(self, **values: Any) -> None:
        self.door("POST", "knobs", values)

    def profile(self, realm: str, **values: Any) -> None:
        self.door("POST", f"companies/{realm}/settings", values)

    def fail(self, answer: str, **order: Any) -> None:
        self.door("POST", "faults", {"answer": answer, **order})

    def authorize(
        self, realm: str = US, *, app: str = "product", action: str = "authorize", **asked: str
    ) -> dict[str, str]:
        """Walk the pages as a browser does; the query of the callback."""
        query = {
            "client_id": app,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "state": "s1",
            "scope": "com.intuit.quickbooks.accounting",
            **asked,
        }
        page = self.session.get(f"{self.url}/connect/oauth2", params=query, timeout=10)
        flow = flow_of(page.text)
        self.session.post(
            f"{self.url}/connect/signin",
            timeout=10,
            data={"flow": flow, "email": "owner@sandbox.test", "password": "sandbox", "action": "signin"},
        )
        back = self.session.post(
            f"{self.url}/connect/consent",
            timeout=10,
            allow_redirects=False,
            data={"flow": flow, "realm_id": realm, "action": action},
        )
        return callback(back)

    def token(
        self, *, app: str = "product", secret: str | None = None, headers: dict[str, str] | None = None, **form: str
    ) -> requests.Response:
        return self.session.post(
            f"{self.url}/oauth2/v1/tokens/bearer",
            data=form,
            timeout=10,
            headers=headers,
            auth=(app, secret or f"{app}-secret"),
        )

    def connect(self, realm: str = US, *, app: str = "product", **asked: str) -> Company:
        code = self.authorize(realm, app=app, **asked)["code"]
        tokens = self.token(app=app, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
        expect(tokens.status_code == 200, tokens.text)
        return Company(self, realm, tokens.json(), code)


@dataclass
class Company:
    """What an app may do in one company."""

    stand_in: StandIn
    realm: str
    tokens: dict[str, Any]
    code: str

    def call(
        self,
        method: str,
        resource: str,
        payload: Any = None,
        *,
        accept: str = "application/json",
        **params: str,
    ) -> requests.Response:
        headers = {"Accept": accept, "Authorization": f"Bearer {self.tokens['access_token']}"}
        return self.stand_in.session.request(
            method,
            f"{self.stand_in.url}/v3/company/{self.realm}/{resource}",
            headers=headers,
            timeout=10,
            data=payload if payload is None or isinstance(payload, bytes) else json.dumps(payload, default=str),
            params={"minorversion": "75", **params},
        )

    def get(self, resource: str, **params: str) -> Any:
        response = self.call("GET", resource, **params)
        expect(response.status_code == 200, response.text)
        return read(response)

    def post(self, resource: str, payload: Any, **params: str) -> Any:
        response = self.call("POST", resource, payload, **params)
        expect(response.status_code == 200, response.text)
        body = read(response)
        return next(value for name, value in body.items() if name != "time")

    def refused(self, resource: str, payload: Any, **params: str) -> tuple[str, str]:
        response = self.call("POST", resource, payload, **params)
        expect(response.status_code == 400, response.text)
        return fault(response)

    def query(self, statement: str) -> Any:
        return self.get("query", query=statement)["QueryResponse"]

    def balances(self) -> dict[str, int]:
        """Cents by account id, debits positive; both sides are checked to be even."""
        found = self.stand_in.door("GET", f"companies/{self.realm}/trial-balance")
        expect(found["debit_minor"] == found["credit_minor"], "the trial balance is uneven")
        return {one["id"]: one["debit_minor"] - one["credit_minor"] for one in found["accounts"]}


def read(response: requests.Response) -> Any:
    return json.loads(response.text, parse_float=Decimal)


def fault(response: requests.Response) -> tuple[str, str]:
    error = response.json()["Fault"]["Error"][0]
    return error["code"], error["Detail"]


def flow_of(page: str) -> str:
    found = re.search(r'name="flow" value="([^"]+)"', page)
    if found is None:
        raise Surprise(page)
    return found[1]


def callback(response: requests.Response) -> dict[str, str]:
    expect(response.status_code == 303, response.text)
    target = urlsplit(response.headers["location"])
    expect(f"{target.scheme}://{target.netloc}{target.path}" == CALLBACK, target.geturl())
    return {name: values[0] for name, values in parse_qs(target.query).items()}


def sale(*lines: Any, **members: Any) -> dict[str, Any]:
    """A sales document over (item, amount[, tax code]) lines."""
    shown = []
    for item, money, *code in lines:
        detail = {"ItemRef": {"value": item}, "TaxCodeRef": {"value": code[0] if code else "NON"}}
        shown.append({"Amount": money, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail})
    return {"TxnDate": "2026-03-01", "Line": shown, **members}


def moved(company: Company, work: Callable[[], Any]) -> dict[str, int]:
    """By how many cents each account changed while `work` ran."""
    before = company.balances()
    work()
    after = company.balances()
    changes = {key: after.get(key, 0) - before.get(key, 0) for key in {*before, *after}}
    return {key: cents for key, cents in changes.items() if cents}


def token_of(body: dict[str, Any]) -> dict[str, Any]:
    return {"Id": body["Id"], "SyncToken": body["SyncToken"]}
