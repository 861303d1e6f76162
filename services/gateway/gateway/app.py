"""All routes of the gateway behind the one edge."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.account import Account
from gateway.api import Api
from gateway.api_tokens import ApiTokens
from gateway.audit_log import AuditLog
from gateway.businesses import Businesses
from gateway.connecting import Connecting
from gateway.consent import Consent
from gateway.dashboard import Dashboard
from gateway.desk import Desk
from gateway.edge import Edge, Errors
from gateway.forgotten import Forgotten
from gateway.history_import import HistoryImports
from gateway.live import Live, LiveHub
from gateway.manual_sync import ManualSync
from gateway.mapping import MappingPages
from gateway.mapping_files import MappingFiles
from gateway.notices import Notices
from gateway.pages import HERE
from gateway.privacy import Privacy
from gateway.signing_in import SigningIn
from gateway.single_sign_on import SingleSignOn
from gateway.sync_config import SyncConfigPages
from gateway.team import Team
from ledgerport_libs.errors import AppError

_FOR_EVER = "public, max-age=31536000, immutable"


class _Static(StaticFiles):
    """Files whose address changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["cache-control"] = _FOR_EVER if b"v=" in scope["query_string"] else "no-cache"
        return response


def build(desk: Desk, hub: LiveHub, operators: Sequence[BaseRoute]) -> Starlette:
    """The application, with /healthz and its kin as `operators`."""
    errors, consent = Errors(desk.pages), Consent(desk)
    return Starlette(
        routes=[
            *operators,
            *SigningIn(desk).routes(),
            *SingleSignOn(desk).routes(),
            *Forgotten(desk).routes(),
            *Account(desk).routes(),
            *Businesses(desk).routes(),
            *Dashboard(desk).routes(),
            *Connecting(desk, consent).routes(),
            *consent.routes(),
            *Notices(desk).routes(),
            *Privacy(desk).routes(),
            *HistoryImports(desk).routes(),
            *MappingPages(desk).routes(),
            *MappingFiles(desk).routes(),
            *SyncConfigPages(desk).routes(),
            *ManualSync(desk).routes(),
            *AuditLog(desk).routes(),
            *Team(desk).routes(),
            *ApiTokens(desk).routes(),
            *Api(desk).routes(),
            *Live(desk, hub).routes(),
            Mount("/static", _Static(directory=HERE / "static")),
        ],
        middleware=[Middleware(Edge, settings=desk.settings, errors=errors)],
        exception_handlers={AppError: errors.explained, HTTPException: errors.of_http},
    )
