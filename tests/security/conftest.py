"""The option that writes the matrix, and the two Businesses of `town.py` as fixtures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))
from tests.security.town import ours, stage

__all__ = ["ours", "stage"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-matrix", action="store_true", help="write what was found into docs/security.md")
