"""The account that database servers run under: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ledgerport_local.errors import LocalError

_NOBODY_IN_NAMESPACE = 65534


@dataclass(frozen=True)
class Account:
    """Whose rights a process gets. `user` None means those of the launcher itself."""

    user: int | None = None
    group: int | None = None
    prefix: tuple[str, ...] = ()

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], output: IO[bytes], folder: Path
    ) -> subprocess.Popen[bytes]:
        """Start `command` in a process group of its own, writing to `output`, reading nothing."""
        return subprocess.Popen(
            [*self.prefix, *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            process_group=0,
            **self._identity(),
        )

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run `command` to its end and return what it said; the caller judges the exit code."""
        return subprocess.run(
            [*self.prefix, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            timeout=120,
            check=False,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"},
            **self._identity(),
        )

    def take(self, path: Path) -> None:
        """Give `path` and all below it to this account. Only for what the launcher itself made."""
        if os.geteuid() != 0:
            return
        owner = (self.user or 0, self.group or 0)
        for found in [path, *(path.rglob("*") if path.is_dir() else ())]:
            if (found.lstat().st_uid, found.lstat().st_gid) != owner:
                os.chown(found, *owner, follow_symlinks=False)

    def _identity(self) -> dict[str, Any]:
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": []}


LAUNCHER = Account()


def server_account(binary: Path, folder: Path) -> Account:
    """The account to run `binary` under with its data below `folder`.

    An ordinary user runs servers as themselves. For root it is `nobody`, or, where that account cannot
    reach the binary or the folder, a user namespace in which root is nobody.
    """
    if os.geteuid() != 0:
        return LAUNCHER
    nobody = _nobody()
    if nobody and _can_use(nobody, binary, folder):
        return nobody
    namespace = _namespace()
    if namespace and _can_use(namespace, binary, folder):
        return namespace
    raise LocalError(
        f"PostgreSQL does not run as root, and the account nobody cannot reach {binary} and {folder}. "
        "Run as an ordinary user, or put the project and LEDGERPORT_HOME where all users may enter, "
        "or set DATABASE_URL to a PostgreSQL server of your own."
    )


def _nobody() -> Account | None:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _namespace() -> Account | None:
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    mapped = f"{_NOBODY_IN_NAMESPACE}"
    return Account(prefix=(unshare, "--user", f"--map-user={mapped}", f"--map-group={mapped}", "--"))


def _can_use(account: Account, binary: Path, folder: Path) -> bool:
    try:
        tried = account.run(["/bin/sh", "-c", '"$1" --version && cd "$2"', "sh", str(binary), str(folder)])
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0
