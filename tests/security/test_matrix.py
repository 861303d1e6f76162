"""Who may call what: every RPC and every page, walked as everybody; docs/security.md shows what was found."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock
from urllib.parse import urlsplit

import grpc
import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from starlette.routing import Route
from tests.security.town import OTHER, ROLES, Ours

from gateway.app import build
from ledgerport.common.v1 import access_pb2
from ledgerport_libs.rpc import PERSON_METADATA

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENT = REPOSITORY / "docs" / "security.md"
SERVICES = ("auth", "connections", "shopify-sync", "qbo-writer", "gateway", "admin")
IN, WHO, NO = "yes", "401", "403"
_DOOR = re.compile(r"no credentials|this token proves nothing|wrong issuer|may .*call|is closed|only a service acts")
# What somebody without a session may see. A page that is not here shows nothing to them.
OPEN_PAGES = re.compile(r"/(sign-in|sign-up|forgot-password|reset-password|healthz|readyz|metrics)(/.*)?$")
Metadata = Any


def methods() -> list[MethodDescriptor]:
    """Every method of every proto, also of services that were added after this was written."""
    found = []
    for file in sorted((REPOSITORY / "protos").rglob("*.proto")):
        name = ".".join(file.relative_to(REPOSITORY / "protos").with_suffix("").parts)
        described = import_module(f"{name}_pb2").DESCRIPTOR
        found += [method for service in described.services_by_name.values() for method in service.methods]
    return found


def service_of(method: MethodDescriptor) -> str:
    """Of what every service answers, one stands for all."""
    package = method.full_name.split(".")[1].replace("_", "-")
    return "connections" if package == "operations" else package


def expected(method: MethodDescriptor, caller: str) -> str:
    """What the method's own proto says."""
    rule = method.GetOptions().Extensions[access_pb2.access]
    if caller == "nobody":
        return IN if rule.proved_by_request else WHO
    if caller in BROKEN:
        return WHO
    if caller in SERVICES:
        return IN if rule.proved_by_request or caller in rule.services else NO
    if rule.session_only and caller == "API token":
        return NO
    role = access_pb2.ROLE_OWNER if caller in (OTHER, "API token") else ROLES[caller]
    return IN if rule.any_person or (rule.minimum_role and role >= rule.minimum_role) else NO


# --- credentials that prove nothing ---------------------------------------------------------------


def _token(key: Any, **claims: Any) -> str:
    now = int(time.time())
    return jwt.encode({"iat": now, "exp": now + 60, **claims}, key, algorithm="EdDSA")


def _gateway_key(ours: Ours) -> Any:
    return ours.identity("gateway")._key


def _person_claims(ours: Ours, **changes: Any) -> dict[str, Any]:
    owner = ours.people["Owner"].person
    told = {"sub": owner.user_id, "email": owner.email, "business": owner.business_id, "role": 4}
    return {"aud": "ledgerport-person", "iss": "auth", "session": owner.session_id, **told, **changes}


def _bearer(token: str) -> Metadata:
    return [("authorization", f"Bearer {token}")]


BROKEN: Mapping[str, Callable[[Ours, str], Metadata]] = {
    "expired": lambda ours, to: _bearer(_token(_gateway_key(ours), iss="gateway", aud=to, exp=int(time.time()) - 60)),
    "forged": lambda ours, to: _bearer(_token(Ed25519PrivateKey.generate(), iss="gateway", aud=to)),
    "unsigned": lambda ours, to: _bearer(jwt.encode({"iss": "gateway", "aud": to}, "", algorithm="none")),
    "for another service": lambda ours, to: _bearer(_token(_gateway_key(ours), iss="gateway", aud=f"not-{to}")),
    "expired person": lambda ours, to: [
        *ours.as_service("gateway", to),
        (PERSON_METADATA, _token(ours.identity("auth")._key, **_person_claims(ours, exp=int(time.time()) - 60))),
    ],
    "forged person": lambda ours, to: [
        *ours.as_service("gateway", to),
        (PERSON_METADATA, _token(_gateway_key(ours), **_person_claims(ours))),
    ],
    "person alone": lambda ours, to: [(PERSON_METADATA, _token(ours.identity("auth")._key, **_person_claims(ours)))],
}
WALKERS = ("nobody", *BROKEN, *SERVICES, *ROLES, "API token", OTHER)
SHOWN = ("nobody", "expired", "forged", *SERVICES, *ROLES, "API token", OTHER)


def credentials(ours: Ours, caller: str, to: str) -> Metadata:
    if caller == "nobody":
        return []
    if caller in BROKEN:
        return BROKEN[caller](ours, to)
    if caller in SERVICES:
        return ours.as_service(caller, to)
    if caller == "API token":
        claims = _person_claims(ours, aud="ledgerport-api")
        return _bearer(_token(ours.identity("auth")._key, **claims))
    return ours.as_person(caller, to)


# --- the walk over the pages ----------------------------------------------------------------------


def pages() -> list[str]:
    """Every address that can be looked at, from the gateway's own table of routes."""
    app = build(MagicMock(), MagicMock(), [])
    return sorted({each.path for each in app.routes if isinstance(each, Route) and "GET" in (each.methods or ())})


def looked_at(ours: Ours, who: str, path: str, value: str) -> requests.Response:
    address = re.sub(r"\{[^}]+\}", lambda found: _in_path(found[0], value), path)
    told: dict[str, Any] = {"allow_redirects": False, "timeout": 30, "stream": True}
    if who == "nobody":
        with requests.Session() as browser:
            browser.trust_env = False
            return _read(browser.get(f"{ours.platform.urls['page']}{address}", **told))
    browser = ours.people[who].visitor.browser
    return _read(browser.get(f"{ours.platform.urls['page']}{address}", **told))


def _in_path(name: str, value: str) -> str:
    return "quickbooks" if "provider" in name else value


def _read(answer: requests.Response) -> requests.Response:
    """The beginning is enough of an answer that never ends."""
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        answer._content = b""
        answer.close()
    else:
        _ = answer.content
    return answer


def shown(answer: requests.Response) -> str:
    if answer.status_code in (302, 303, 307):
        path = urlsplit(answer.headers["location"]).path
        return "sign in" if path == "/sign-in" else "sent on"
    said = {200: "shown", 401: "sign in", 403: "refused", 404: "not there", 400: "not there", 409: "not now"}
    return said.get(answer.status_code, str(answer.status_code))


@pytest.fixture(scope="module")
def page_matrix(ours: Ours) -> dict[str, dict[str, str]]:
    found = {}
    for path in pages():
        mine = next((each for each in ours.ids[::-1]), str(uuid.uuid4()))
        found[path] = {who: shown(looked_at(ours, who, path, mine)) for who in ("nobody", *ROLES, OTHER)}
    return found


def test_no_page_fails_for_anybody(page_matrix: dict[str, dict[str, str]]) -> None:
    broken = {path: row for path, row in page_matrix.items() if any(each.isdigit() for each in row.values())}
    assert broken == {}


def test_who_is_not_signed_in_is_asked_to_sign_in(page_matrix: dict[str, dict[str, str]]) -> None:
    open_to_all = {path for path, row in page_matrix.items() if row["nobody"] == "shown"}
    assert {path for path in open_to_all if not OPEN_PAGES.match(path)} == set()


def test_what_a_lower_role_sees_every_higher_role_sees_too(page_matrix: dict[str, dict[str, str]]) -> None:
    for path, row in page_matrix.items():
        seen = [row[role] == "shown" for role in ROLES]
        assert seen == sorted(seen), path


def test_no_page_shows_ours_to_another_businesss_owner_or_to_nobody(ours: Ours) -> None:
    told = {}
    for path in pages():
        for value in ours.ids if "{" in path else ours.ids[:1]:
            for who in ("nobody", OTHER):
                text = looked_at(ours, who, path, value).text
                leaked = [each for each in ours.leaked(text) if each != value]
                if leaked:
                    told[(path, who)] = leaked
    assert told == {}


# --- the walk over the RPCs -----------------------------------------------------------------------


def asked(ours: Ours, method: MethodDescriptor, metadata: Metadata, request: Any) -> tuple[grpc.StatusCode, str]:
    """The status, and all that was answered as text."""
    to, path = service_of(method), f"/{method.containing_service.full_name}/{method.name}"
    answers = GetMessageClass(method.output_type)
    with grpc.insecure_channel(ours.platform.urls[f"{to}-grpc"]) as channel:
        told: dict[str, Any] = {"metadata": metadata, "timeout": 20}
        kinds = {"request_serializer": type(request).SerializeToString, "response_deserializer": answers.FromString}
        try:
            if method.server_streaming:
                stream = channel.unary_stream(path, **kinds)(request, **told)
                answer = next(stream)
                stream.cancel()
            else:
                answer = channel.unary_unary(path, **kinds)(request, **told)
        except grpc.RpcError as failure:
            return failure.code(), str(failure.details())
    return grpc.StatusCode.OK, str(answer)


def outcome(ours: Ours, method: MethodDescriptor, caller: str) -> str:
    """yes: let in, whatever became of the empty request. A method may itself say who is not signed in."""
    to = service_of(method)
    log = ours.platform.log(to)
    before = log.stat().st_size
    request = GetMessageClass(method.input_type)()
    status, _ = asked(ours, method, credentials(ours, caller, to), request)
    refusals = {grpc.StatusCode.UNAUTHENTICATED: WHO, grpc.StatusCode.PERMISSION_DENIED: NO}
    if status not in refusals:
        assert status not in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL), f"{method.full_name} as {caller}"
        return IN
    return refusals[status] if _at_the_door(log, before) else IN


def _at_the_door(log: Path, before: int) -> bool:
    """Whether the refusal that was just logged is the interceptor's own."""
    with log.open("rb") as file:
        file.seek(before)
        lines = [json.loads(line) for line in file.read().decode().splitlines() if line.startswith("{")]
    details = [str(line.get("detail", "")) for line in lines if line.get("event") == "call_refused"]
    return any(_DOOR.search(detail) for detail in details)


def _filled(method: MethodDescriptor, value: str) -> Any:
    """A request with this id wherever a text fits."""
    request = GetMessageClass(method.input_type)()
    for each in method.input_type.fields:
        if each.type == FieldDescriptor.TYPE_STRING and not _is_repeated(each):
            setattr(request, each.name, value)
        elif each.type == FieldDescriptor.TYPE_STRING:
            getattr(request, each.name).append(value)
        elif each.type == FieldDescriptor.TYPE_ENUM and not _is_repeated(each):
            setattr(request, each.name, 1)
    return request


def _is_repeated(each: FieldDescriptor) -> bool:
    return bool(each.is_repeated)


def _state(ours: Ours) -> str:
    """What our owner sees of our Business, without what changes by itself."""
    visitor = ours.people["Owner"].visitor
    cards = visitor.api("connections")["connections"]
    kept = ("status", "paused", "account_id", "account_name", "connected_by")
    return json.dumps([[card.get(name) for name in kept] for card in cards]) + json.dumps(
        visitor.api("summary")["counts"]
    )


def test_another_businesss_owner_is_told_nothing_of_ours_and_changes_nothing(ours: Ours) -> None:
    before = _state(ours)
    told: dict[str, list[str]] = {}
    for method in methods():
        if expected(method, OTHER) != IN:
            continue
        for value in ("", *ours.ids):
            request = _filled(method, value) if value else GetMessageClass(method.input_type)()
            _, answer = asked(ours, method, ours.as_person(OTHER, service_of(method)), request)
            leaked = [each for each in ours.leaked(answer) if each != value]
            if leaked:
                told[method.full_name] = leaked
    assert told == {}
    assert _state(ours) == before


def test_our_own_viewer_does_see_ours_so_the_search_for_leaks_would_find_them(ours: Ours) -> None:
    seen = []
    for method in methods():
        if expected(method, "Viewer") == IN:
            request = GetMessageClass(method.input_type)()
            seen += ours.leaked(asked(ours, method, ours.as_person("Viewer", service_of(method)), request)[1])
    assert {"Design and Landscaping", "viewer@ours.test"} <= set(seen)


# Last, as it ends sessions: whoever is let in does what an empty request asks for.


@pytest.fixture(scope="module")
def rpc_matrix(ours: Ours) -> dict[str, dict[str, str]]:
    return {
        method.full_name: {caller: outcome(ours, method, caller) for caller in WALKERS}
        # what ends a session or a membership comes last
        for method in sorted(
            methods(), key=lambda m: (m.GetOptions().Extensions[access_pb2.access].effect, m.full_name)
        )
    }


def test_every_rpc_lets_in_whom_its_proto_names_and_nobody_else(rpc_matrix: dict[str, dict[str, str]]) -> None:
    wanted = {method.full_name: {caller: expected(method, caller) for caller in WALKERS} for method in methods()}
    wrong = {
        (name, caller): (found, wanted[name][caller])
        for name, row in rpc_matrix.items()
        for caller, found in row.items()
        if found != wanted[name][caller]
    }
    assert wrong == {}


# --- what the document says -----------------------------------------------------------------------


def _table(head: str, columns: Iterable[str], rows: Mapping[str, Mapping[str, str]]) -> list[str]:
    names = list(columns)
    lines = [f"| {head} | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
    return lines + [f"| `{name}` | " + " | ".join(row[each] for each in names) + " |" for name, row in rows.items()]


def _written(rpcs: Mapping[str, Mapping[str, str]], seen: Mapping[str, Mapping[str, str]]) -> str:
    lines = ["### RPCs", ""]
    for service in sorted({name.rpartition(".")[0] for name in rpcs}):
        rows = {n.rpartition(".")[2]: r for n, r in sorted(rpcs.items()) if n.rpartition(".")[0] == service}
        lines += [f"**{service.removeprefix('ledgerport.')}**", "", *_table("method", SHOWN, rows), ""]
    lines += ["### Pages", "", *_table("page", ("nobody", *ROLES, OTHER), seen)]
    return "\n".join(lines)


def test_the_document_shows_what_was_found(
    rpc_matrix: dict[str, dict[str, str]], page_matrix: dict[str, dict[str, str]], request: pytest.FixtureRequest
) -> None:
    """Written anew by `pytest tests/security --update-matrix`."""
    begin, end = "<!-- matrix: begin -->\n", "\n<!-- matrix: end -->"
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(begin)
    after = rest.partition(end)[2]
    wanted = f"{before}{begin}{_written(rpc_matrix, page_matrix)}{end}{after}"
    if request.config.getoption("--update-matrix", default=False):
        DOCUMENT.write_text(wanted)
    assert DOCUMENT.read_text() == wanted, "run: pytest tests/security --update-matrix"
