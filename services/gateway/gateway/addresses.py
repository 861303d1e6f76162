"""Where a browser sits: its address behind the proxies that are ours, and what it calls itself."""

from __future__ import annotations

import ipaddress

from starlette.requests import Request

from ledgerport.auth.v1 import people_pb2

_LONGEST_USER_AGENT = 300


def client_address(request: Request, forwarded_hops: int) -> str:
    """Who connects; behind proxies of ours, who connected to the outermost of them."""
    peer = request.client.host if request.client else "unknown"
    if forwarded_hops:
        hops = [each.strip() for each in ",".join(request.headers.getlist("x-forwarded-for")).split(",")]
        if len(hops) >= forwarded_hops:
            return _address(hops[-forwarded_hops]) or peer
    return peer


def client_of(request: Request, forwarded_hops: int) -> people_pb2.Client:
    """As auth is told."""
    agent = request.headers.get("user-agent", "")[:_LONGEST_USER_AGENT]
    return people_pb2.Client(address=client_address(request, forwarded_hops), user_agent=agent)


def device(user_agent: str) -> str:
    """A browser's own name for itself, as a person would say it; the beginning of the name where it is a rare one."""
    browsers = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Macintosh", "Mac"),
        ("Linux", "Linux"),
    )
    browser = next((name for mark, name in browsers if mark in user_agent), "")
    system = next((name for mark, name in systems if mark in user_agent), "")
    return " on ".join(each for each in (browser, system) if each) or user_agent[:40] or "Unknown device"


def _address(hop: str) -> str:
    """The address of a hop, without a port; empty for what is none."""
    for text in (hop, hop.rpartition(":")[0].strip("[]")):
        try:
            return str(ipaddress.ip_address(text.strip("[]")))
        except ValueError:
            continue
    return ""
