"""The stores' own pages: plain forms to place, refund, edit and cancel orders."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from shopify_sandbox import changes, editing, refunding, returning
from shopify_sandbox.amounts import fixed, parse
from shopify_sandbox.cart import Cart, CartLine
from shopify_sandbox.desk import Desk
from shopify_sandbox.order_records import Order
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import financial_status, totals_of

SHOWN = 50
MANY = 500
Act = Callable[[Shop, Order, FormData], None]


class StorePages:
    """`/` lists the stores, `/{shop}/admin` is one store's desk, `/{shop}/admin/orders/{id}` one order."""

    def __init__(self, desk: Desk, pages: Jinja2Templates) -> None:
        self._desk, self._pages = desk, pages

    def routes(self) -> list[Route]:
        acts: dict[str, Act] = {
            "refund": self._refund,
            "exchange": self._exchange,
            "edit": self._edit,
            "cancel": self._cancel,
            "collect": self._collect,
        }
        return [
            Route("/", self.stores),
            Route("/{shop}/admin", self.store),
            Route("/{shop}/admin/orders", self.place, methods=["POST"]),
            Route("/{shop}/admin/random", self.random, methods=["POST"]),
            Route("/{shop}/admin/orders/{order:int}", self.order),
            *(
                Route(f"/{{shop}}/admin/orders/{{order:int}}/{name}", self._acting(act), methods=["POST"])
                for name, act in acts.items()
            ),
        ]

    async def stores(self, request: Request) -> Response:
        return self._page(request, "stores.html", shops=list(self._desk.shops.values()))

    async def store(self, request: Request) -> Response:
        shop = self._desk.shops.get(request.path_params["shop"])
        if shop is None:
            return self._gone(request)
        newest = sorted(shop.orders.values(), key=lambda o: o.id, reverse=True)[:SHOWN]
        return self._page(
            request,
            "store.html",
            shop=shop,
            orders=[(o, totals_of(o)) for o in newest],
            variants=[(p, v) for p, v in shop.variants.values()],
            customers=sorted(shop.customers.values(), key=lambda c: f"{c.last_name} {c.first_name}"),
            error=request.query_params.get("error"),
        )

    async def place(self, request: Request) -> Response:
        shop = self._desk.shops.get(request.path_params["shop"])
        if shop is None:
            return self._gone(request)
        try:
            order = self._desk.place_order(shop, cart_of(shop, await request.form()))
        except (ValueError, KeyError) as wrong:
            return self._back(shop, f"?error={str(wrong)[:200]}")
        return self._back(shop, f"/orders/{order.id}")

    async def random(self, request: Request) -> Response:
        shop = self._desk.shops.get(request.path_params["shop"])
        if shop is None:
            return self._gone(request)
        count = str((await request.form()).get("count") or "5")
        try:
            wanted = max(1, min(MANY, int(count)))
            self._desk.generate(shop, wanted, seed=secrets.randbits(32), refund_rate=0.1)
        except ValueError as wrong:
            return self._back(shop, f"?error={wrong}")
        return self._back(shop)

    async def order(self, request: Request) -> Response:
        shop = self._desk.shops.get(request.path_params["shop"])
        order = shop.orders.get(request.path_params["order"]) if shop else None
        if shop is None or order is None:
            return self._gone(request)
        return self._page(
            request,
            "order.html",
            shop=shop,
            order=order,
            totals=totals_of(order),
            customer=shop.customers.get(order.customer_id or 0),
            variants=[(p, v) for p, v in shop.variants.values()],
            error=request.query_params.get("error"),
        )

    def _acting(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            shop = self._desk.shops.get(request.path_params["shop"])
            order = shop.orders.get(request.path_params["order"]) if shop else None
            if shop is None or order is None:
                return self._gone(request)
            try:
                act(shop, order, await request.form())
            except (ValueError, KeyError) as refused:
                return self._back(shop, f"/orders/{order.id}?error={str(refused)[:200]}")
            return self._back(shop, f"/orders/{order.id}")

        return endpoint

    def _refund(self, shop: Shop, order: Order, form: FormData) -> None:
        note = text(form, "note") or None
        if form.get("whole"):
            self._desk.change(shop, order, lambda o, now: refunding.refund_all(shop, o, now, note=note))
            return
        chosen, shipping = _quantities(order, form), parse(text(form, "shipping") or "0", order.currency)
        self._desk.change(
            shop,
            order,
            lambda o, now: refunding.refund(shop, o, now, quantities=chosen, shipping=shipping, note=note),
        )

    def _exchange(self, shop: Shop, order: Order, form: FormData) -> None:
        """The chosen goods come back, the buyer takes another thing, and the difference is paid at once."""
        taken = [CartLine(variant_id=int(text(form, "variant")))] if text(form, "variant") else []
        chosen = _quantities(order, form)
        self._desk.change(
            shop,
            order,
            lambda o, now: returning.take_back(
                shop, o, now, quantities=chosen, exchange=taken, charge="shopify_payments" if taken else None
            ),
        )

    def _edit(self, shop: Shop, order: Order, form: FormData) -> None:
        note = text(form, "note")
        if note != (order.note or ""):
            self._desk.annotate(shop, order, note=note)
        wanted = {line.id: text(form, f"line-{line.id}") for line in order.lines}
        changed = {x.id: int(wanted[x.id]) for x in order.lines if wanted[x.id] not in ("", str(x.current_quantity))}
        added = [CartLine(variant_id=int(text(form, "variant")))] if text(form, "variant") else []
        if changed or added:
            self._desk.change(shop, order, lambda o, now: editing.edit(shop, o, now, quantities=changed, add=added))

    def _cancel(self, shop: Shop, order: Order, _form: FormData) -> None:
        self._desk.change(shop, order, lambda o, now: changes.cancel(shop, o, now, "CUSTOMER"))

    def _collect(self, shop: Shop, order: Order, _form: FormData) -> None:
        self._desk.change(shop, order, lambda o, now: changes.collect(shop, o, now))

    def _back(self, shop: Shop, rest: str = "") -> Response:
        return RedirectResponse(f"/{shop.domain}/admin{rest}", 303)

    def _gone(self, request: Request) -> Response:
        return self._page(request, "message.html", 404, title="Not found", text="There is nothing at this address.")

    def _page(self, request: Request, name: str, status: int = 200, **context: object) -> Response:
        tools = {"money": fixed, "status": financial_status, "totals_of": totals_of}
        return self._pages.TemplateResponse(request, name, {**tools, **context}, status_code=status)


def _quantities(order: Order, form: FormData) -> dict[int, int]:
    return {line.id: int(text(form, f"line-{line.id}") or 0) for line in order.lines}


def text(form: FormData, name: str) -> str:
    return str(form.get(name) or "").strip()


def cart_of(shop: Shop, form: FormData) -> Cart:
    """The cart a person filled in; ValueError in words for what does not fit."""
    currency = shop.facts.currency
    lines = [
        CartLine(variant_id=int(text(form, f"variant-{n}")), quantity=int(text(form, f"quantity-{n}") or 1))
        for n in range(1, 5)
        if text(form, f"variant-{n}")
    ]
    if not lines:
        raise ValueError("Choose at least one product.")
    shipping, off = text(form, "shipping"), text(form, "discount")
    percent = off.removesuffix("%") if off.endswith("%") else ""
    return Cart(
        lines=lines,
        customer_id=int(text(form, "customer")) if text(form, "customer") else None,
        email=text(form, "email") or None,
        shipping=parse(shipping, currency) if shipping else None,
        discount_percent=int(percent) if percent else 0,
        discount_amount=parse(off, currency) if off and not percent else 0,
        discount_code=text(form, "code") or None,
        tender=text(form, "tender") or "sale",
        note=text(form, "note") or None,
    )
