"""A token for an app of the bench's own at the stand-in for Intuit: what stands beside LedgerPort needs one, too."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from intuit_sandbox.harness import flow_of
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.wiring import AUDITOR, AUDITOR_REDIRECT

_TIMEOUT = 30


def company_token(platform: LocalPlatform, realm: str) -> str:
    """An access token to one company, through the consent pages."""
    intuit = platform.urls["intuit-sandbox"]
    asked = {
        "client_id": AUDITOR,
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": AUDITOR_REDIRECT,
        "state": "bench",
    }
    with requests.Session() as browser:
        browser.trust_env = False
        flow = flow_of(browser.get(f"{intuit}/connect/oauth2?{urlencode(asked)}", timeout=_TIMEOUT).text)
        person = {"email": "accountant@sandbox.test", "password": "sandbox", "action": "signin"}
        browser.post(f"{intuit}/connect/signin", {"flow": flow, **person}, timeout=_TIMEOUT)
        chosen = {"flow": flow, "realm_id": realm, "action": "authorize"}
        back = browser.post(f"{intuit}/connect/consent", chosen, timeout=_TIMEOUT, allow_redirects=False)
        code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
        answer = browser.post(
            f"{intuit}/oauth2/v1/tokens/bearer",
            data={"grant_type": "authorization_code", "code": code, "redirect_uri": AUDITOR_REDIRECT},
            auth=(AUDITOR, platform.home.secret("intuit-auditor-secret")),
            headers={"Accept": "application/json"},
            timeout=_TIMEOUT,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])
