"""Installing an app: the consent page and the token endpoint, as Shopify's OAuth has them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.templating import Jinja2Templates

from shopify_sandbox.apps import Refusal
from shopify_sandbox.desk import Desk
from shopify_sandbox.graphql_api import as_json
from shopify_sandbox.settings import Client
from shopify_sandbox.signing import sign_query

ASKED = ("client_id", "scope", "redirect_uri", "state")
MEANINGS = {
    "orders": "Orders, payments and refunds",
    "all_orders": "Orders older than 60 days",
    "customers": "Customers",
    "products": "Products",
    "inventory": "Inventory and product costs",
    "locations": "Locations",
    "returns": "Returns",
    "payment_terms": "Payment terms",
    "draft_orders": "Draft orders",
    "shopify_payments_payouts": "Payouts",
    "shopify_payments_accounts": "Payment accounts",
    "shopify_payments_disputes": "Disputes",
}


class OAuth:
    """`/{shop}/admin/oauth/authorize` and `/{shop}/admin/oauth/access_token`."""

    def __init__(self, desk: Desk, pages: Jinja2Templates) -> None:
        self._desk, self._pages = desk, pages

    async def ask(self, request: Request) -> Response:
        """Show who wants what, or why this link cannot work."""
        return self._consent(request, request.query_params)

    async def decide(self, request: Request) -> Response:
        """Install and go back with a signed code; Cancel stays here, as Shopify has no refusal redirect."""
        form = {key: str(value) for key, value in (await request.form()).items()}
        checked = self._check(request, form)
        if isinstance(checked, Response):
            return checked
        if form.get("action") != "install":
            return self._page(
                request,
                "message.html",
                title="Nothing was installed",
                text=f"{checked.name} was not given access to this store.",
            )
        domain = request.path_params["shop"]
        back = {
            "code": self._desk.apps.issue_code(checked, domain, form.get("scope") or checked.scopes),
            "host": base64.b64encode(f"{domain}/admin".encode()).decode().rstrip("="),
            "shop": domain,
            "state": form.get("state", ""),
            "timestamp": str(int(self._desk.clock.now().timestamp())),
        }
        back["hmac"] = sign_query(back, checked.client_secret)
        uri = form["redirect_uri"]
        joint = "&" if urlsplit(uri).query else "?"
        return RedirectResponse(uri + joint + urlencode(sorted(back.items())), 302)

    async def token(self, request: Request) -> Response:
        """Code or refresh token → tokens."""
        domain = request.path_params["shop"]
        if domain not in self._desk.shops:
            return as_json({"errors": "Not Found"}, 404)
        try:
            fields = await read_fields(request)
            answer = self._issue(domain, fields)
        except Refusal as refusal:
            return as_json({"error": refusal.error, "error_description": str(refusal)}, refusal.status)
        return as_json(answer)

    def _issue(self, domain: str, fields: Mapping[str, str]) -> dict[str, object]:
        who = fields.get("client_id", ""), fields.get("client_secret", ""), domain
        if fields.get("grant_type") == "refresh_token":
            return self._desk.apps.refresh(*who, fields.get("refresh_token", ""))
        if fields.get("grant_type") not in (None, "", "authorization_code"):
            raise Refusal(400, "unsupported_grant_type", "This grant type is not offered")
        return self._desk.apps.exchange(*who, fields.get("code", ""), expiring=fields.get("expiring") in ("1", "true"))

    def _check(self, request: Request, asked: Mapping[str, str]) -> Client | Response:
        if request.path_params["shop"] not in self._desk.shops:
            return self._page(
                request, "message.html", 404, title="No such store", text="There is no store at this address."
            )
        client = self._desk.apps.clients.get(asked.get("client_id", ""))
        if client is None:
            return self._page(
                request,
                "message.html",
                400,
                title="Oauth error invalid_request: client_id",
                text="The application could not be found.",
            )
        if asked.get("redirect_uri") not in client.redirect_uris:
            return self._page(
                request,
                "message.html",
                400,
                title="Oauth error invalid_request: redirect_uri",
                text="The redirect_uri is not whitelisted for this application.",
            )
        unknown = set(filter(None, (asked.get("scope") or "").split(","))) - allowed_scopes(client)
        if unknown:
            return self._page(
                request,
                "message.html",
                400,
                title="Oauth error invalid_scope",
                text="Not allowed for this application: " + ", ".join(sorted(unknown)),
            )
        return client

    def _consent(self, request: Request, asked: Mapping[str, str]) -> Response:
        checked = self._check(request, asked)
        if isinstance(checked, Response):
            return checked
        scopes = (asked.get("scope") or checked.scopes).split(",")
        return self._page(
            request,
            "consent.html",
            client=checked,
            facts=self._desk.shops[request.path_params["shop"]].facts,
            asked={name: asked.get(name, "") for name in ASKED},
            meanings=[MEANINGS.get(s.partition("_")[2], s) for s in scopes if s],
        )

    def _page(self, request: Request, name: str, status: int = 200, **context: object) -> Response:
        return self._pages.TemplateResponse(request, name, context, status_code=status)


def allowed_scopes(client: Client) -> set[str]:
    """What the app may ask for; write access includes reading."""
    named = {scope.strip() for scope in client.scopes.split(",")}
    return named | {scope.replace("write_", "read_") for scope in named}


async def read_fields(request: Request) -> dict[str, str]:
    """The fields of a form or a JSON object; Refusal when it is neither."""
    if "json" in request.headers.get("content-type", ""):
        try:
            held = msgspec.json.decode(await request.body())
            return {str(key): str(value) for key, value in held.items() if value is not None}
        except (msgspec.DecodeError, AttributeError):
            raise Refusal(400, "invalid_request", "The body is no JSON object") from None
    form = await request.form()
    return {**dict(request.query_params), **{key: str(value) for key, value in form.items()}}
