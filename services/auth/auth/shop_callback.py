"""The rules for what a browser brings from Shopify: which text names a store, and which query string is Shopify's."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from ledgerport_libs.errors import InvalidRequest

LONGEST_QUERY = 4096
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def is_shop_domain(text: str) -> bool:
    """Whether this is exactly a store's permanent address: no port, no path, no other host."""
    return _DOMAIN.fullmatch(text) is not None


def shop_domain(typed: str) -> str:
    """The store a person means: a name, name.myshopify.com, or an address of either admin. InvalidRequest otherwise."""
    text = typed.strip().lower().rstrip("/")
    if "/" in text:
        text = _shop_in_address(text)
    if _NAME.fullmatch(text):
        text = f"{text}.myshopify.com"
    if not is_shop_domain(text):
        raise InvalidRequest(
            "not a shop",
            reason="SHOP_INVALID",
            say="Please type the store's permanent address, such as my-store.myshopify.com.",
        )
    return text


def _shop_in_address(text: str) -> str:
    """The name or domain in a web address; empty where it is none of the two admins' addresses."""
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        return ""
    parts = [part for part in address.path.split("/") if part]
    if address.netloc == "admin.shopify.com":
        return parts[1] if len(parts) >= 2 and parts[0] == "store" else ""
    if address.scheme in ("http", "https") and (not parts or parts[0] == "admin"):
        return address.netloc
    return ""


def parameters_of(query_string: str) -> dict[str, str] | None:
    """The decoded parameters, or None where one comes twice or the string is none of Shopify's."""
    if len(query_string) > LONGEST_QUERY:
        return None
    try:
        pairs = parse_qsl(query_string.removeprefix("?"), keep_blank_values=True, errors="strict", max_num_fields=30)
    except (ValueError, UnicodeDecodeError):
        return None
    parameters = dict(pairs)
    return parameters if len(parameters) == len(pairs) else None


def signature_of(parameters: Mapping[str, str], secret: str) -> str:
    """Lower-case hex HMAC-SHA256 over the sorted, decoded pairs without the signature itself."""
    pairs = sorted((key, value) for key, value in parameters.items() if key not in ("hmac", "signature"))
    message = "&".join(f"{_escaped(key).replace('=', '%3D')}={_escaped(value)}" for key, value in pairs)
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def is_signed(parameters: Mapping[str, str], secret: str) -> bool:
    """Whether Shopify signed exactly these parameters. No signature or no secret means no."""
    given = parameters.get("hmac", "")
    if not given or not secret:
        return False
    return hmac.compare_digest(signature_of(parameters, secret).encode(), given.encode())


def is_fresh(parameters: Mapping[str, str], now: float, tolerance: float) -> bool:
    """Whether the callback was made within the tolerance around now, both in seconds."""
    stamp = parameters.get("timestamp", "")
    return stamp.isascii() and stamp.isdigit() and len(stamp) <= 12 and abs(now - int(stamp)) <= tolerance


def missing_scopes(asked: str, granted: str) -> list[str]:
    """What was asked for and not granted. Writing includes reading."""
    have = {scope.strip() for scope in granted.split(",") if scope.strip()}
    have |= {f"read_{scope.removeprefix('write_')}" for scope in have if scope.startswith("write_")}
    return sorted({scope.strip() for scope in asked.split(",") if scope.strip()} - have)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("&", "%26")
