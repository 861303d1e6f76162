"""Where a person sits, as the gateway tells it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

_LONGEST_USER_AGENT = 300


@dataclass(frozen=True, slots=True)
class Client:
    """A browser: its address, and what it calls itself. Both may be empty."""

    address: str = ""
    user_agent: str = ""

    @classmethod
    def of(cls, address: str, user_agent: str) -> Client:
        """Bounded; an address that is none counts as unknown."""
        try:
            known = str(ipaddress.ip_address(address.strip()))
        except ValueError:
            known = ""
        plain = "".join(char for char in user_agent[:_LONGEST_USER_AGENT] if char.isprintable())
        return cls(known, plain)

    @property
    def place(self) -> str:
        """What tries are counted by: the address, or the network that IPv6 gives to one household."""
        if not self.address:
            return ""
        parsed = ipaddress.ip_address(self.address)
        if isinstance(parsed, ipaddress.IPv6Address):
            if parsed.ipv4_mapped:
                return str(parsed.ipv4_mapped)
            return str(ipaddress.ip_network((parsed, 64), strict=False))
        return str(parsed)


NOWHERE = Client()
