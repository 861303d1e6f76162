"""Turns templates into answers: who looks, messages that travel over a redirect, the theme, and the headers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jinja2
import jinja2.runtime
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway import wording
from gateway.forms import Forms
from gateway.sessions import Visitor
from gateway.settings import Settings
from gateway.signing import Signer

HERE = Path(__file__).parent
THEME_COOKIE = "ledgerport_theme"
_MESSAGE = "ledgerport_message"
_MESSAGE_LIFE = 120
_LONGEST_MESSAGE = 900
LIVE_HEADER = "x-live-refresh"
Tone = Literal["good", "bad", "note"]


@dataclass(frozen=True, slots=True)
class Message:
    """What just happened, told once at the top of the next page."""

    tone: Tone
    text: str


class Pages:
    """Renders templates for a visitor, or for somebody who has not signed in yet."""

    def __init__(self, settings: Settings, signer: Signer, forms: Forms) -> None:
        self._settings, self._signer, self._forms = settings, signer, forms
        self._message_cookie = f"__Host-{_MESSAGE}" if settings.https else _MESSAGE
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"when": _when}
        self._templates.globals |= {
            "status_labels": wording.STATUS_LABELS,
            "kind_labels": wording.KIND_LABELS,
            "operation_labels": wording.OPERATION_LABELS,
            "state_labels": wording.STATE_LABELS,
            "provider_labels": wording.PROVIDER_LABELS,
            "privacy_labels": wording.PRIVACY_LABELS,
            "role_labels": wording.ROLE_LABELS,
            "support_contact": settings.support_contact,
            "static": _static_addresses(),
        }

    def show(self, request: Request, template: str, visitor: Visitor, *, status: int = 200, **content: Any) -> Response:
        """A signed-in person's page."""
        token, role = (
            self._forms.token(visitor.session_id),
            wording.ROLE_LABELS.get(wording.role_word(visitor.role), ""),
        )
        return self._html(request, template, status, {"visitor": visitor, "csrf": token, "role_word": role, **content})

    def show_before_sign_in(self, request: Request, template: str, *, status: int = 200, **content: Any) -> Response:
        """A page with a form for somebody without a session."""
        nonce = self._forms.visit(request)
        content |= {"visitor": None, "csrf": self._forms.visit_token(nonce)}
        response = self._html(request, template, status, content)
        self._forms.keep_visit(response, nonce)
        return response

    def show_error(self, request: Request, status: int, title: str, sentence: str, reference: str) -> Response:
        content = {"visitor": None, "title": title, "sentence": sentence, "reference": reference}
        return self._html(request, "error.html", status, content)

    def go(self, path: str, message: Message | None = None) -> Response:
        """See other: one of our own pages, with a message for its top."""
        response = RedirectResponse(path, 303)
        if message:
            told = [message.tone, message.text[:_LONGEST_MESSAGE]]
            sealed = self._signer.seal("message", told, _MESSAGE_LIFE)
            response.set_cookie(
                self._message_cookie,
                sealed,
                max_age=_MESSAGE_LIFE,
                path="/",
                secure=self._settings.https,
                httponly=True,
                samesite="lax",
            )
        return response

    def _html(self, request: Request, template: str, status: int, content: dict[str, Any]) -> Response:
        refresh = LIVE_HEADER in request.headers
        message = None if refresh else self._heard(request)
        theme = request.cookies.get(THEME_COOKIE, "")
        page = self._templates.get_template(template).render(
            content
            | {
                "message": content.get("message") or message,
                "theme": theme if theme in ("light", "dark") else "",
                "zone": getattr(request.state, "zone", ""),
                "path": request.url.path,
                "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            }
        )
        response = HTMLResponse(page, status)
        if message:
            response.delete_cookie(
                self._message_cookie, path="/", secure=self._settings.https, httponly=True, samesite="lax"
            )
        return response

    def _heard(self, request: Request) -> Message | None:
        inside = self._signer.open("message", request.cookies.get(self._message_cookie, ""))
        if isinstance(inside, list) and len(inside) == 2:
            return Message(inside[0], str(inside[1]))
        return None


@jinja2.pass_context
def _when(context: jinja2.runtime.Context, iso: str) -> Markup:
    """A moment in the zone that the page is shown in."""
    return wording.when(iso, str(context.get("zone") or ""))


def own_path(address: str, otherwise: str = "/") -> str:
    """The address if it is a page of ours, else another one: nobody is sent elsewhere by a link to us."""
    plain = len(address) < 1000 and address.isascii() and address.isprintable() and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else otherwise


def _static_addresses() -> dict[str, str]:
    """Each file of static/ with a mark of its content, so that it may be kept for ever."""
    files = sorted((HERE / "static").iterdir())
    return {file.name: f"/static/{file.name}?v={hashlib.sha256(file.read_bytes()).hexdigest()[:12]}" for file in files}
