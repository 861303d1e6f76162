"""The register of all kinds. A new kind is a row in one of the tables, plus a rule of its own if it posts."""

from __future__ import annotations

from collections.abc import Mapping

from intuit_sandbox.entity import NAMES, TRANSACTIONS, Entity
from intuit_sandbox.list_entities import LIST_ENTITIES
from intuit_sandbox.money_entities import MONEY_ENTITIES
from intuit_sandbox.sales_entities import SALES_ENTITIES

__all__ = ["BY_PATH", "ENTITIES", "NAMES", "SALES_KINDS", "TRANSACTIONS", "Entity"]

_ALL = [*SALES_ENTITIES, *MONEY_ENTITIES, *LIST_ENTITIES]
ENTITIES: Mapping[str, Entity] = {one.name: one for one in _ALL}
BY_PATH: Mapping[str, Entity] = {one.path: one for one in _ALL}
SALES_KINDS = frozenset(one.name for one in SALES_ENTITIES)
