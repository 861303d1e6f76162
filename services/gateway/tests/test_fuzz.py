"""Whatever is sent to a form, a query, a callback or the API: never a failure of ours, and nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

READS = ["me", "pushes", "summary", "connections", "records", "attempts", "intake", "notices", "quickbooks/search"]
ID = "00000000-0000-0000-0000-000000000000"
FORMS = {
    "/sign-in": ["email", "password", "next"],
    "/sign-up": ["email", "password", "name", "business_name", "invitation"],
    "/sign-in/provider": ["next", "invitation"],
    "/forgot-password": ["email"],
    "/reset-password": ["token", "password", "again"],
}
SIGNED_IN_FORMS = {
    "/connections/quickbooks/disconnect": ["confirmed"],
    "/connections/shopify/disconnect": ["confirmed"],
    "/notices/1/dismiss": ["here"],
    "/records/retry-all": ["status", "kind", "from", "to", "q"],
    f"/records/{ID}/retry": ["x"],
    f"/records/{ID}/ignore": ["confirmed"],
    "/manual-sync/orders/push": ["pick.1", "all", "status", "from", "to", "q", "kind"],
    "/manual-sync/refunds/ignore": ["pick.1", "pick.2"],
    f"/manual-sync/runs/{ID}/cancel": ["x"],
    "/team/invite": ["email", "role"],
    "/team/tokens": ["name", "role", "days"],
    "/account/password": ["old_password", "new_password", "again"],
    f"/account/sessions/{ID}/end": ["x"],
    "/businesses/new": ["x"],
    "/join": ["invitation"],
    f"/business/{ID}": ["x"],
    "/theme": ["theme", "here"],
    f"/team/members/{ID}/role": ["role"],
    f"/team/members/{ID}/remove": ["confirmed"],
    f"/team/members/{ID}/reset-link": ["x"],
    f"/team/invitations/{ID}/revoke": ["x"],
    f"/team/tokens/{ID}/revoke": ["x"],
    "/connections/shopify/connect": ["shop"],
    "/history-import/start": ["request_id", "first_day", "last_day"],
    f"/history-import/{ID}/pause": ["x"],
    "/sync-config": ["expected_version", "method", "start_date", "number_prefix", "accounts.sales", "fallback_item"],
    "/sync-config/read-company": ["back"],
    "/mapping/products/set": ["source", "quickbooks_id", "back", "q"],
    "/mapping/gateways/clear": ["source", "back"],
    "/mapping/customers/create": ["source", "back"],
    "/mapping/taxes/auto": ["pick.1", "pick.2"],
}
PAGES = ["/audit-log", "/records", "/sign-in", "/sign-up", "/reset-password", "/join", "/oauth/quickbooks/callback"]
PAGES += [
    "/oauth/shopify/callback",
    "/sign-in/callback",
    "/account",
    "/team",
    "/team/tokens",
    "/connections/shopify/privacy",
    "/history-import",
    "/sync-config",
    "/sync-config/history",
    "/mapping/products",
    "/mapping/products/choose",
    "/mapping/taxes/choose",
    "/mapping/taxes",
    "/manual-sync/orders",
    "/manual-sync/orders/push",
    "/manual-sync/customers/ignore",
    "/manual-sync/runs",
    f"/manual-sync/runs/{ID}",
    f"/records/{ID}/preview",
    "/audit-log/export.csv",
]
NAMES = [
    "status",
    "kind",
    "q",
    "page",
    "next",
    "token",
    "invitation",
    "state",
    "code",
    "realmId",
    "error",
    "iss",
    "shop",
    "show",
    "source",
    "back",
    "list",
    "from",
    "to",
    "pick",
    "all",
    "outcome",
    "pushed",
    "first_day",
    "last_day",
]
API_ACTS = [
    "sync-now-not",
    "pushes",
    "records/ignore",
    f"pushes/{ID}/cancel",
    "records/retry-all",
    f"records/{ID}/retry",
    f"records/{ID}/ignore",
    "notices/1/dismiss",
]

nasty = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "\0",
            "'; DROP TABLE person; --",
            "{{7*7}}",
            "<script>alert(1)</script>",
            "../../etc/passwd",
            "%00%ff",
            "9" * 400,
            "-1",
            "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
            "a@b.test\r\nBcc: x@y.test",
            "https://evil.test/",
            "yes",
            "owner",
        ]
    ),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), nasty),
    lambda inside: st.one_of(st.lists(inside, max_size=3), st.dictionaries(st.text(max_size=8), inside, max_size=3)),
    max_leaves=8,
)
bounded = partial(
    settings,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def sound(answer: requests.Response) -> None:
    """Explained, with a reference, and without our insides."""
    assert answer.status_code < 500 or answer.status_code == 503, (answer.request.url, answer.text[:500])
    assert "x-request-id" in answer.headers
    for inside in ("Traceback", 'File "/', "psycopg", "grpc.aio", "jinja2", "<script>alert(1)"):
        assert inside not in answer.text, answer.request.url


@pytest.fixture(scope="module")
def target(sign_up: Callable[[str], Visitor]) -> Visitor:
    return sign_up("fay")


@pytest.fixture(autouse=True, scope="module")
def nothing_changes(platform: LocalPlatform, owner: Visitor, target: Visitor) -> object:
    """Before and after all of it: the same people, roles and connections, and no failure in any log."""

    def state() -> object:
        people = [visitor.api("me") | {"csrf_token": ""} for visitor in (owner, target)]
        cards = [(each["status"], each["paused"]) for each in owner.api("connections")["connections"]]
        return people, cards, "call_failed" in platform.log("auth").read_text()

    before = state()
    yield
    assert state() == before
    for service in ("gateway", "auth", "connections", "qbo-writer", "shopify-sync"):
        log = platform.log(service).read_text()
        assert "request_failed" not in log, service
        assert "call_failed" not in log, service


@bounded(max_examples=240)
@given(st.data())
def test_forms_before_sign_in(page_url: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(FORMS)))
    fields = {name: data.draw(nasty) for name in FORMS[path]}
    visitor = Visitor(page_url)
    try:
        token = visitor.get("/sign-in").text.partition('name="csrf_token" value="')[2].partition('"')[0]
        answer = visitor.browser.post(
            page_url + path, data=_encodable(fields) | {"csrf_token": token}, allow_redirects=False, timeout=20
        )
        sound(answer)
        assert not answer.headers.get("location", "/").startswith(("//", "http://evil", "https://evil"))
    finally:
        visitor.browser.close()


@bounded(max_examples=360)
@given(st.data())
def test_forms_of_somebody_signed_in(target: Visitor, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(SIGNED_IN_FORMS)))
    fields = {name: data.draw(nasty) for name in SIGNED_IN_FORMS[path]}
    token = target.api("me")["csrf_token"]
    answer = target.browser.post(
        target.page_url + path, data=_encodable(fields) | {"csrf_token": token}, allow_redirects=False, timeout=20
    )
    sound(answer)
    assert not answer.headers.get("location", "/").startswith(("//", "http://evil", "https://evil"))


@bounded(max_examples=360)
@given(st.sampled_from(PAGES), st.dictionaries(st.sampled_from(NAMES), nasty, max_size=4), st.booleans())
def test_queries_and_callbacks(target: Visitor, page_url: str, path: str, query: dict[str, str], known: bool) -> None:
    visitor = target if known else Visitor(page_url)
    sound(visitor.browser.get(page_url + path, params=_encodable(query), allow_redirects=False, timeout=20))
    if not known:
        visitor.browser.close()


@bounded(max_examples=160)
@given(st.text(max_size=40), st.binary(max_size=40))
def test_addresses_and_cookies_of_any_kind(page_url: str, path: str, cookie: bytes) -> None:
    quoted = quote(path.encode("utf-8", "replace"))
    text = "".join(chr(each) for each in cookie if 32 < each < 127 and chr(each) not in ';,"\\')
    headers = {
        "Cookie": f"ledgerport={text}; ledgerport_form={text}; ledgerport_message={text}; ledgerport_business={text}"
    }
    sound(requests.get(f"{page_url}/{quoted}", headers=headers, allow_redirects=False, timeout=20))


@bounded(max_examples=320)
@given(
    st.sampled_from([*READS, "records/x", "nothing"]), st.dictionaries(st.sampled_from(NAMES), nasty, max_size=3), nasty
)
def test_reads_of_the_api(target: Visitor, path: str, query: dict[str, str], page_size: str) -> None:
    asked = _encodable(query | {"page_size": page_size})
    sound(target.browser.get(f"{target.page_url}/api/{path}", params=asked, timeout=20))


@bounded(max_examples=240)
@given(st.sampled_from(API_ACTS), st.one_of(json_values, st.binary(max_size=40)))
def test_acts_of_the_api(target: Visitor, path: str, content: object) -> None:
    headers = {"X-CSRF-Token": target.api("me")["csrf_token"]}
    url = f"{target.page_url}/api/{path}"
    if isinstance(content, bytes):
        sound(target.browser.post(url, data=content, headers=headers, timeout=20))
    else:
        body = json.dumps(content).encode()
        sound(target.browser.post(url, data=body, headers=headers, timeout=20))


@bounded(max_examples=120)
@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"), max_size=60))
def test_credentials_of_any_kind(page_url: str, token: str) -> None:
    answer = requests.get(
        f"{page_url}/api/me", headers={"Authorization": f"Bearer lp_{token}".encode("latin-1")}, timeout=20
    )
    sound(answer)
    assert answer.status_code in (401, 429)


def _encodable(fields: dict[str, str]) -> dict[str, str]:
    """A browser sends no half of a character."""
    return {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
