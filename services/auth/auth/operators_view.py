"""What operators are shown of the tokens: how long refresh tokens still live, and what is still to be revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledgerport_libs import metrics
from ledgerport_libs.database import Transaction
from ledgerport_libs.looking import Behind, Figure, waiting


@dataclass(frozen=True, slots=True)
class _Tokens:
    provider: str
    days: str
    count: int


async def look(tx: Transaction) -> Sequence[Figure]:
    """The look of auth."""
    tokens = await tx.all("refresh_tokens_by_days", _Tokens)
    found = [
        Figure(metrics.REFRESH_TOKENS, each.count, {"provider": each.provider, "days": each.days}) for each in tokens
    ]
    row = await tx.one("revocations_behind", Behind)
    return [*found, *(waiting("revocations", row.waiting, row.oldest) if row else [])]
