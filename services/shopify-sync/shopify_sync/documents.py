"""The GraphQL documents of this service: each query from its file, with the fragments that it needs."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from itertools import pairwise

_FOLDER = resources.files("shopify_sync").joinpath("graphql")
_FRAGMENTS = "fragments"
_SPREAD = re.compile(r"\.\.\.([A-Z]\w*)")
_NAMED = re.compile(r"^fragment (\w+) ", re.MULTILINE)


def query(name: str) -> str:
    """A query of ours; KeyError for a fragment that nobody wrote."""
    text = _read(name)
    known, chosen, wanted = _fragments(), dict[str, str](), _SPREAD.findall(text)
    while wanted:
        fragment = wanted.pop(0)
        if fragment not in chosen:
            chosen[fragment] = known[fragment]
            wanted += _SPREAD.findall(known[fragment])
    return "\n".join((text, *chosen.values()))


def names() -> list[str]:
    """Every query there is."""
    found = {each.name.removesuffix(".graphql") for each in _FOLDER.iterdir() if each.name.endswith(".graphql")}
    return sorted(found - {_FRAGMENTS})


@cache
def _fragments() -> dict[str, str]:
    text = _read(_FRAGMENTS)
    starts = [*(found.start() for found in _NAMED.finditer(text)), len(text)]
    parts = [text[start:end] for start, end in pairwise(starts)]
    return {part.split()[1]: part for part in parts}


def _read(name: str) -> str:
    return _FOLDER.joinpath(f"{name}.graphql").read_text()
