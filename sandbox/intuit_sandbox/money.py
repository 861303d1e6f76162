"""Exact amounts: decimal text from outside, whole cents inside, decimal text back out."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
HUNDRED = Decimal(100)


def minor(amount: Decimal | int) -> int:
    """Cents of an amount, half up, as the books round."""
    if isinstance(amount, int):
        return amount * 100
    return int(amount.quantize(CENT, ROUND_HALF_UP).scaleb(2))


def amount(cents: int) -> Decimal:
    """The decimal with two places that stands for so many cents."""
    return Decimal(cents).scaleb(-2)


def percent_of(cents: int, percent: Decimal) -> int:
    """`percent` of an amount in cents, rounded half up to a cent."""
    return int((cents * percent / HUNDRED).quantize(Decimal(1), ROUND_HALF_UP))


def share(total: int, weights: list[int]) -> list[int]:
    """Split cents by weights so that the parts add up; the largest remainders are served first."""
    whole = sum(weights)
    if whole == 0:
        return [total] + [0] * (len(weights) - 1) if weights else []
    parts = [total * weight // whole for weight in weights]
    owed = sorted(range(len(weights)), key=lambda i: -(total * weights[i] % whole))
    for i in owed[: total - sum(parts)]:
        parts[i] += 1
    return parts
