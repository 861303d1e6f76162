"""Failures on order: a queue of faults that tests put in, each answering its next few matching calls."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, Field

ANSWERS = Literal[
    "html_503",
    "xml_429",
    "cut_before",
    "cut_after",
    "delay",
    "fault_200",
    "fault_400",
    "status_500",
    "delay_then_cut_after",
    "html_503_after",
    "garbled_after",
]


class FaultOrder(BaseModel, extra="forbid"):
    """What to spoil: every member of the match that is given must fit; `skip` calls pass first."""

    answer: ANSWERS
    times: int = 1
    skip: int = 0
    surface: Literal["api", "token", "any"] = "api"
    realm: str | None = None
    method: str | None = None
    resource: str | None = Field(None, description="the start of what follows the realm, e.g. salesreceipt")
    contains: str | None = Field(None, description="text that the body or query string must contain")
    seconds: float = 0
    code: str = "6000"
    message: str = "A business validation error has occurred while processing your request"
    detail: str = "Business Validation Error: ordered by the side door"


@dataclass(slots=True)
class Rehearsal:
    """The orders that wait, first in first served."""

    orders: dict[int, FaultOrder] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, order: FaultOrder) -> int:
        number = next(self._numbers)
        self.orders[number] = order
        return number

    def take(self, surface: str, realm: str, method: str, resource: str, text: str) -> FaultOrder | None:
        """The order that spoils this call, used up by one."""
        for number, order in list(self.orders.items()):
            if not _fits(order, surface, realm, method, resource, text):
                continue
            if order.skip:
                order.skip -= 1
                continue
            order.times -= 1
            if order.times <= 0:
                del self.orders[number]
            return order
        return None


def _fits(order: FaultOrder, surface: str, realm: str, method: str, resource: str, text: str) -> bool:
    return (
        order.surface in (surface, "any")
        and order.realm in (None, realm)
        and order.method in (None, method)
        and (order.resource is None or resource.startswith(order.resource))
        and (order.contains is None or order.contains in text)
    )
