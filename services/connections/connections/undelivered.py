"""Why a notice did not arrive. The text names what went wrong and never what was said."""

from __future__ import annotations


class DeliveryTrouble(Exception):
    """It may arrive when tried again later."""


class Undeliverable(Exception):
    """The other side will never take it."""
