"""What a person does in a browser, done over plain HTTP: sign in, connect both sides, walk the providers' pages."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from ledgerport_local.errors import LocalError

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
        for form in _FORM.finditer(page.text):
            target = _ACTION.search(form["attributes"])
            where = urljoin(page.url, unescape(target[1])) if target else page.url
            if urlsplit(where).path.endswith(action):
                hidden = {found["name"]: unescape(found["value"]) for found in _HIDDEN.finditer(form["inside"])}
                headers = {"Origin": _origin(page.url)}
                return self.browser.post(where, data=hidden | fields, headers=headers, timeout=_TIMEOUT)
        raise LocalError(f"{page.url} ({page.status_code}) has no form that goes to {action!r}")

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


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])
