"""What a person does in a browser, done over plain HTTP: sign in, connect both sides, walk the providers' pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from ledgerport_local.errors import LocalError
from ledgerport_local.filled import values_of

_TIMEOUT = 30
# Printed on the stand-in's own sign-in page: it guards nothing.
STAND_IN_PASSWORD = "sandbox"  # noqa: S105
_HIDDEN = re.compile(r'<input[^>]*\bname="(?P<name>[^"]+)"[^>]*\bvalue="(?P<value>[^"]*)"')
_FORM = re.compile(r"<form\b(?P<attributes>[^>]*)>(?P<inside>.*?)</form>", re.DOTALL)
_ACTION = re.compile(r'\baction="([^"]*)"')


class Visitor:
    """A person with a browser without JavaScript. Forms are found on the page, so what is not on it cannot be sent."""

    def __init__(self, page_url: str) -> None:
        self.page_url = page_url.rstrip("/")
        self.browser = requests.Session()
        self.browser.trust_env = False  # a proxy in the environment is meant for the world outside
        self.browser.headers["Connection"] = "close"  # one that rested may be gone when it is used again

    def get(self, path: str) -> requests.Response:
        """A page of LedgerPort's; `path` may be a whole address too."""
        return self.browser.get(urljoin(f"{self.page_url}/", path), timeout=_TIMEOUT)

    def api(self, path: str) -> Any:
        """What the JSON API answers."""
        answer = self.get(f"/api/{path}")
        if answer.status_code != 200:
            raise LocalError(f"/api/{path} answered {answer.status_code}: {answer.text[:200]}")
        return answer.json()

    def submit(self, page: requests.Response, action: str, /, **fields: str) -> requests.Response:
        """Send the form of this page whose action ends with `action`, with its hidden fields and these."""
        where, inside = _form(page, action)
        hidden = {found["name"]: unescape(found["value"]) for found in _HIDDEN.finditer(inside)}
        return self._send(page, where, hidden | fields)

    def change(
        self, page: requests.Response, action: str, changes: Mapping[str, str], untick: tuple[str, ...] = ()
    ) -> requests.Response:
        """Send that form as it stands on the page, with these fields changed and these boxes not ticked."""
        where, inside = _form(page, action)
        told = {name: value for name, value in values_of(inside).items() if name not in untick}
        return self._send(page, where, {**told, **changes})

    def _send(self, page: requests.Response, where: str, told: Mapping[str, str]) -> requests.Response:
        return self.browser.post(where, data=told, headers={"Origin": _origin(page.url)}, timeout=_TIMEOUT)

    def sign_in(self, email: str, password: str) -> requests.Response:
        return self.submit(self.get("/sign-in"), "/sign-in", email=email, password=password)

    def connect_quickbooks(self, realm_id: str) -> requests.Response:
        """Through the warning, Intuit's sign-in and its choice of company, back to the Connections page."""
        at_intuit = self.begin_quickbooks()
        chosen = self.submit(
            at_intuit, "/connect/signin", email="owner@sandbox.test", password=STAND_IN_PASSWORD, action="signin"
        )
        return self.submit(chosen, "/connect/consent", realm_id=realm_id, action="authorize")

    def begin_quickbooks(self) -> requests.Response:
        """Intuit's sign-in page, reached by Connect or Reconnect."""
        page = self.get("/connections")
        if "/connections/quickbooks/connect" in page.text and "understood" not in page.text:
            page = self.get("/connections/quickbooks/connect")
        return self.submit(page, "/connections/quickbooks/connect", understood="yes")

    def connect_shopify(self, shop: str) -> requests.Response:
        """Through the store's consent page, back to the Connections page."""
        consent = self.submit(self.get("/connections"), "/connections/shopify/connect", shop=shop)
        return self.submit(consent, "/admin/oauth/authorize", action="install")

    def configure(self, changes: Mapping[str, str], untick: tuple[str, ...] = ()) -> None:
        """Save Sync Config with these changes, on a page that shows the company as it is now."""
        read = self.submit(self.get("/sync-config"), "/sync-config/read-company", back="/sync-config")
        saved = self.change(read, "/sync-config", changes, untick)
        if saved.status_code != 200 or "Saved." not in saved.text:
            raise LocalError(f"Sync Config was not saved: {saved.status_code} {saved.url}")


def _form(page: requests.Response, action: str) -> tuple[str, str]:
    """Where the form goes whose action ends with `action`, and what is inside it."""
    for form in _FORM.finditer(page.text):
        target = _ACTION.search(form["attributes"])
        where = urljoin(page.url, unescape(target[1])) if target else page.url
        if urlsplit(where).path.endswith(action):
            return where, form["inside"]
    raise LocalError(f"{page.url} ({page.status_code}) has no form that goes to {action!r}")


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])
