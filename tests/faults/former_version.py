"""The code that ran before the newest migrations, taken from this repository's own history."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from ledgerport_local.settings import REPOSITORY
from ledgerport_local.wiring import package_of

# The commit before the migrations qbo-writer 0004 and 0005 and shopify-sync 0003 and 0004. To be moved on with each
# release to the release before it.
COMMIT = "c5b811abe745485c2ce5231db50524a075819d85"


@dataclass(frozen=True)
class FormerVersion:
    """Its files below a folder, with the code generated from its own protos."""

    folder: Path

    @classmethod
    def laid_out(cls, folder: Path) -> FormerVersion:
        """Skips the test where the clone does not reach back so far, as a shallow one does not."""
        asked = ["git", "-C", str(REPOSITORY), "archive", COMMIT, "libs", "services", "protos"]
        packed = subprocess.run(asked, capture_output=True, check=False)
        if packed.returncode:
            pytest.skip(f"commit {COMMIT[:12]} is not in this clone: {packed.stderr.decode().strip()}")
        with tarfile.open(fileobj=BytesIO(packed.stdout)) as files:
            files.extractall(folder, filter="data")
        (folder / "gen").mkdir()
        protos = [str(each.relative_to(folder)) for each in sorted((folder / "protos").rglob("*.proto"))]
        generate = [sys.executable, "-m", "grpc_tools.protoc", "-Iprotos", "--python_out=gen", "--grpc_python_out=gen"]
        subprocess.run([*generate, *protos], cwd=folder, check=True)
        return cls(folder)

    def told(self, service: str) -> dict[str, str]:
        """What makes a service's process run this version: its folders come before those of the present one."""
        folders = ("libs", "gen", f"services/{service}")
        return {"PYTHONPATH": ":".join(str(self.folder / each) for each in folders)}

    def migrations_of(self, service: str) -> set[str]:
        """The names of a service's migrations in this version."""
        found = self.folder / "services" / service / package_of(service) / "migrations"
        return {each.name for each in found.glob("*.sql")}
