"""PostgreSQL and NATS are lost as a whole; what is restored is older than the books, and they end right."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.faults.towns import QUICK
from tests.selling import Selling

from ledgerport_local.demo import REALM, SHOP, Scene, Stage, counts, prove, set_the_stage, wait_for_books
from ledgerport_local.demo_account import ensure_demo_account
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.postgres import binaries
from ledgerport_local.walkthrough import Visitor
from ledgerport_local.wiring import WITH_DATABASE

# As docs/operations.md has it for the first start after a restore.
_CAREFUL = {**QUICK, "qbo-writer": {**QUICK["qbo-writer"], "LOOK_FIRST_ALWAYS": "true"}}


def postgres(program: str, *words: str) -> None:
    done = subprocess.run([str(binaries() / program), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def back_up(urls: Mapping[str, str], into: Path) -> None:
    """One database after the other, while the services write to them."""
    for name, url in urls.items():
        postgres("pg_dump", "--format=custom", f"--file={into / name}", f"--dbname={url}")


def restore(urls: Mapping[str, str], kept: Path) -> None:
    for name, url in urls.items():
        postgres("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url}", str(kept / name))


def synced(visitor: Visitor) -> int:
    return counts(visitor).get(("ORDER", "SYNCED"), 0)


@pytest.mark.timeout(600)
def test_books_are_right_after_a_restore_to_a_moment_before_their_last_documents(tmp_path: Path) -> None:
    with temporary_home() as home:
        with LocalPlatform(home, overrides=QUICK, durable=False) as platform:
            stage = set_the_stage(platform)
            urls = {name: platform.environment(name)["DATABASE_URL"] for name in WITH_DATABASE}
            with Selling(Scene(platform, Visitor(platform.urls["page"])), SHOP, every=0.3) as selling:
                selling.until(20)
                back_up(urls, tmp_path)
                known = synced(stage.visitor)
                selling.until(60)
            store = stage.store()
            wait_for_books(stage.visitor, store["orders"] + store["test_orders"], store["refunds"], lambda _done: None)
            assert synced(stage.visitor) > known  # the books are ahead of the backup
            stage.shopify("orders", shop=SHOP, count=10, seed=99, mix="all")  # nobody hears of some of these
            platform.halt("postgres", signal.SIGKILL)
            platform.halt("nats", signal.SIGKILL)
            stage.intuit("forget-request-ids", realm=REALM)
        shutil.rmtree(home / "postgres")
        shutil.rmtree(home / "nats" / "store")
        with LocalPlatform(home, services=(), overrides=QUICK, durable=False):
            restore(urls, tmp_path)
        with LocalPlatform(home, overrides=_CAREFUL, durable=False) as platform:
            account, visitor = ensure_demo_account(platform), Visitor(platform.urls["page"])
            visitor.sign_in(account.email, account.password)
            visitor.submit(visitor.get("/"), "/sync-now")
            stage = Stage(platform, visitor)
            store = stage.store()
            wait_for_books(visitor, store["orders"] + store["test_orders"], store["refunds"], lambda _done: None)
            found = prove(stage)
    assert found.proved, (found.missing, found.duplicates, found.differences)
