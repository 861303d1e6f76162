"""The documents stay true: every file they name is there."""

from __future__ import annotations

import re

import pytest

from ledgerport_local.settings import REPOSITORY

DOCUMENTS = ("README.md", "docs/architecture.md", "docs/security.md", "docs/accounting.md")
FOLDERS = ("docs", "libs", "local", "protos", "sandbox", "services", "tests")
_NAMED = re.compile(r"`([\w./-]+\.(?:py|sql|proto|txt|toml))`")
_LINKED = re.compile(r"\]\((?!https?:)([^)#]+)\)")


def files() -> set[str]:
    """Every file of the repository's own."""
    found = set(REPOSITORY.glob("*.*"))
    for folder in FOLDERS:
        found |= set((REPOSITORY / folder).rglob("*.*"))
    return {path.relative_to(REPOSITORY).as_posix() for path in found}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    there = files()
    text = (REPOSITORY / document).read_text()
    gone = {name for name in _NAMED.findall(text) if not any(f"/{file}".endswith(f"/{name}") for file in there)}
    assert not gone


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_in_a_document_leads_somewhere(document: str) -> None:
    folder = (REPOSITORY / document).parent
    text = (REPOSITORY / document).read_text()
    assert [link for link in _LINKED.findall(text) if not (folder / link).exists()] == []
