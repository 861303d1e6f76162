"""Pages of somebody who is signed in, and pictures of them."""

from __future__ import annotations

from typing import Literal

from playwright.sync_api import Browser, Page

from ledgerport_local.settings import REPOSITORY
from ledgerport_local.walkthrough import Visitor

PATIENCE = 30_000
_PICTURES = REPOSITORY / "build" / "screenshots"


def opened(
    browser: Browser, visitor: Visitor, width: int = 1280, scheme: Literal["light", "dark"] = "light"
) -> tuple[Page, list[str]]:
    """A page of somebody who is signed in, and everything that went wrong on it unseen."""
    height = 900 if width > 500 else 844
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    cookies = visitor.browser.cookies
    context.add_cookies([{"name": c.name, "value": c.value or "", "url": visitor.page_url} for c in cookies])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    return page, troubles


def picture(page: Page, name: str) -> None:
    """The whole page, kept under build/screenshots for people to look at."""
    _PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(_PICTURES / f"{name}.png"), full_page=True)
