"""The account with which a person who tries LedgerPort signs in first."""

from __future__ import annotations

from dataclasses import dataclass, field

from ledgerport_local.local_platform import LocalPlatform

EMAIL = "owner@demo.test"


@dataclass(frozen=True)
class DemoAccount:
    """What to type into the sign-in page."""

    email: str
    password: str = field(repr=False)


def ensure_demo_account(platform: LocalPlatform) -> DemoAccount:
    """The demo owner's account; its password is made once and kept in the home folder."""
    return DemoAccount(EMAIL, platform.home.secret("demo-password"))
