"""A posted form: bounded, understood, and proved to come from a page of ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from gateway import uploads
from gateway.settings import Settings
from gateway.signing import Signer, new_nonce
from gateway.uploads import TooLarge, WrongKind
from ledgerport_libs.errors import InvalidRequest, NotAllowed

FIELD = "csrf_token"
HEADER = "x-csrf-token"
_MOST_FIELDS = 250
_FORM = "application/x-www-form-urlencoded"
Form = Mapping[str, str]


class NotFromOurPage(NotAllowed):
    reason = "FORM_NOT_PROVED"
    say = "This form has expired or did not come from this site. Nothing was changed. Reload the page and try again."


class Forms:
    """Reads bodies and checks where they come from."""

    def __init__(self, signer: Signer, settings: Settings) -> None:
        self._signer, self._settings = signer, settings
        self._cookie = "__Host-ledgerport_form" if settings.https else "ledgerport_form"

    def token(self, session_id: str) -> str:
        """What each form of a session carries."""
        return self._signer.mac("form-of-session", session_id)

    async def read(self, request: Request, session_id: str) -> Form:
        """The fields of a signed-in person's form; NotFromOurPage unless it carries the session's token."""
        self._check_origin(request)
        form = await self._fields(request)
        self._prove(form, session_id)
        return form

    async def read_upload(self, request: Request, session_id: str, field: str) -> tuple[Form, bytes]:
        """The fields of a form with one file in `field`, and what is in the file; proved as every other form."""
        self._check_origin(request)
        form, content = await uploads.read(request, field, self._settings.largest_upload)
        form = {name: plain_text(value) for name, value in form.items()}
        self._prove(form, session_id)
        return form, content

    def _prove(self, form: Form, session_id: str) -> None:
        if not self._signer.fits("form-of-session", session_id, form.get(FIELD, "")):
            raise NotFromOurPage("wrong form token")

    async def read_json(self, request: Request, session_id: str) -> Mapping[str, Any]:
        """The object in an API call's body (none is an empty one); the token comes in X-CSRF-Token."""
        self._check_origin(request)
        if not self._signer.fits("form-of-session", session_id, request.headers.get(HEADER, "")):
            raise NotFromOurPage("wrong API token", say=f"Send the csrf_token of /api/me as {HEADER.upper()}.")
        return await self.read_programs_json(request)

    async def read_programs_json(self, request: Request) -> Mapping[str, Any]:
        """The object in the body of a call that carries its own credentials; none is an empty one."""
        body = await self._body(request)
        try:
            content = json.loads(body or b"{}")
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(str(error), say="This is no JSON.", reason="BAD_JSON") from error
        if not isinstance(content, dict):
            raise InvalidRequest("no object", say="A JSON object is expected.", reason="BAD_JSON")
        return content

    def visit(self, request: Request) -> str:
        """The nonce of a browser that has no session yet, from its cookie or new."""
        return self._signed_nonce(request) or new_nonce()

    def visit_token(self, nonce: str) -> str:
        return self._signer.mac("form-of-visit", nonce)

    def keep_visit(self, response: Response, nonce: str) -> None:
        """The other half of the double submit: a signed cookie."""
        value = f"{nonce}.{self._signer.mac('visit', nonce)}"
        response.set_cookie(self._cookie, value, path="/", secure=self._settings.https, httponly=True, samesite="lax")

    async def read_visit(self, request: Request) -> Form:
        """The fields of a form from before sign-in; NotFromOurPage unless cookie and field belong together."""
        self._check_origin(request)
        form = await self._fields(request)
        nonce = self._signed_nonce(request)
        if not nonce or not self._signer.fits("form-of-visit", nonce, form.get(FIELD, "")):
            raise NotFromOurPage("wrong form token before sign-in")
        return form

    def _signed_nonce(self, request: Request) -> str:
        nonce, _, mac = request.cookies.get(self._cookie, "")[:200].partition(".")
        return nonce if nonce and self._signer.fits("visit", nonce, mac) else ""

    def _check_origin(self, request: Request) -> None:
        """A browser says where a request comes from; programs that are no browsers say nothing."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin", self._settings.origin)
        if site not in ("same-origin", "none") or origin != self._settings.origin:
            raise NotFromOurPage(f"from {origin[:80]!r}, {site[:20]!r}")

    async def _fields(self, request: Request) -> Form:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body = await self._body(request)
        if kind != _FORM and body:
            raise WrongKind(kind[:80])
        try:
            pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError as error:
            raise InvalidRequest(repr(error), say="This form cannot be read.") from error
        return {name: plain_text(value) for name, value in pairs}

    async def _body(self, request: Request) -> bytes:
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._settings.largest_form:
            raise TooLarge(f"{length[:20]} bytes")
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > self._settings.largest_form:
                raise TooLarge("more bytes than announced")
        return bytes(body)


def plain_text(value: str) -> str:
    """InvalidRequest for what no keyboard types and no database keeps."""
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise InvalidRequest("characters that are no text", say="This text holds characters that cannot be kept.")
    return value
