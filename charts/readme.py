"""Writes the chart's README: a few words, and a table of what can be set, made of the comments in values.yaml."""

from __future__ import annotations

import re
from pathlib import Path

_CHART = Path(__file__).parent / "ledgerport"
_KEY = re.compile(r"^(?P<indent> *)(?P<key>[\w-]+):(?: (?P<value>.*))?$")
_ABOUT = re.compile(r"^ *# ?(?P<new>-- )?(?P<text>.*)$")
_INTRODUCTION = """\
# The chart `ledgerport`

LedgerPort's five services on Kubernetes 1.20 or newer, with Helm 3.8 or newer. How it is operated, from the first
install to the alerts: [docs/operations.md](../../docs/operations.md).

| to | values | |
| --- | --- | --- |
| try it | `values-try.yaml` | PostgreSQL, NATS and stand-ins for Shopify and QuickBooks in the cluster |
| keep real books | `values-production.yaml` | servers of your own, TLS everywhere; copy it and change what is yours |
| develop | `values-development.yaml` | what `tilt up` uses |

Secrets are never values: the chart names Secrets that exist before it. `new-secrets.sh` makes them once; External
Secrets, Sealed Secrets and the like do as well. A value that is not in this table is refused.

```
kubectl create namespace ledgerport
sh new-secrets.sh --try | kubectl apply -n ledgerport -f -
helm install ledgerport . -n ledgerport -f values-try.yaml --wait
helm test ledgerport -n ledgerport
```

## Values

| value | default | meaning |
| --- | --- | --- |
"""


def readme(values: str) -> str:
    """The README for the text of a values.yaml. Each `# --` begins what is said of the next key."""
    rows, path, about = [], list[str](), list[str]()
    for line in values.splitlines():
        if said := _ABOUT.match(line):
            if said["new"]:
                about = [said["text"]]
            elif about:
                about.append(said["text"])
        elif key := _KEY.match(line):
            depth = len(key["indent"]) // 2
            path[depth:] = [key["key"]]
            if about:
                rows.append(_row(".".join(path), key["value"] or "", " ".join(about)))
            about = []
        else:
            about = []
    return _INTRODUCTION + "\n".join(rows) + "\n"


def _row(path: str, default: str, about: str) -> str:
    shown = f"`{default}`" if default not in ("", '""') else ""
    return f"| `{path}` | {shown} | {about} |"


if __name__ == "__main__":
    (_CHART / "README.md").write_text(readme((_CHART / "values.yaml").read_text()))
