"""The former version and this one over one database: an upgrade and a rollback of every service while orders flow."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence

import pytest
from tests.faults.former_version import FormerVersion
from tests.faults.towns import QUICK
from tests.selling import Selling

from ledgerport_libs.migrations import migrate
from ledgerport_local.demo import SHOP, Scene, Stage, counts, prove, set_the_stage, wait_for_books
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform, answers
from ledgerport_local.supervise import Child
from ledgerport_local.walkthrough import Visitor
from ledgerport_local.wiring import SERVICES, WITH_DATABASE, package_of
from qbo_writer_testing.stage import free_port

_NUMBERS = itertools.count(2)


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> FormerVersion:
    return FormerVersion.laid_out(tmp_path_factory.mktemp("former"))


@pytest.fixture(scope="module")
def stage(former: FormerVersion) -> Iterator[Stage]:
    """The former version of everything, over the schema of its day, both sides connected."""
    overrides = {name: {**QUICK.get(name, {}), **former.told(name)} for name in SERVICES}
    overrides |= {name: told for name, told in QUICK.items() if name not in SERVICES}
    with temporary_home() as home, LocalPlatform(home, overrides=overrides, durable=False) as platform:
        yield set_the_stage(platform)


def start(platform: LocalPlatform, former: FormerVersion | None, *, beside: bool) -> list[str]:
    """One more process of each service, of the former version or of this one; their names once all are ready.

    Beside those that are there they listen elsewhere; else where the platform's own did, which must be down.
    """
    names = []
    for service in SERVICES:
        told = platform.environment(service)
        told.pop("PYTHONPATH", None)
        if former:
            told |= former.told(service)
        if beside:
            told |= {"GRPC_LISTEN": "127.0.0.1:0", "HTTP_LISTEN": f"127.0.0.1:{free_port()}"}
        ready = f"http://{told['HTTP_LISTEN']}/readyz"
        names.append(f"{service}-{next(_NUMBERS)}")
        command = (sys.executable, "-m", package_of(service))
        platform.start_child(Child(names[-1], command, told, lambda ready=ready: answers(ready)))  # type: ignore[misc]
    for name in names:
        platform.wait_ready(name)
    return names


def end(platform: LocalPlatform, names: Sequence[str]) -> None:
    """As Kubernetes ends pods: each finishes what is under way."""
    for name in names:
        platform.halt(name)


@pytest.mark.timeout(600)
def test_nothing_is_lost_or_doubled_while_both_versions_run_over_one_database(
    stage: Stage, former: FormerVersion
) -> None:
    platform = stage.platform
    urls = {name: platform.environment(name)["DATABASE_URL"] for name in WITH_DATABASE}
    with Selling(Scene(platform, Visitor(stage.visitor.page_url)), SHOP, every=0.7) as selling:
        selling.until(5)
        assert sum(migrate(url, package_of(name)) for name, url in urls.items()) > 0
        selling.until(10)  # the former version, over the present schema
        newer = start(platform, None, beside=True)
        selling.until(selling.placed + 5)  # both versions of everything
        end(platform, SERVICES)
        upgraded = start(platform, None, beside=False)
        end(platform, newer)
        selling.until(selling.placed + 5)  # this version alone
        older = start(platform, former, beside=True)
        selling.until(selling.placed + 5)  # both again, and this one is what is called
        end(platform, upgraded)
        for name in SERVICES:
            platform.start_again(name)
        for name in SERVICES:
            platform.wait_ready(name)
        end(platform, older)
        selling.until(selling.placed + 5)  # the former version alone: rolled back
    assert selling.troubles == []
    store = stage.store()
    wait_for_books(stage.visitor, store["orders"] + store["test_orders"], store["refunds"], lambda _done: None)
    found = prove(stage)
    assert found.proved, (found.missing, found.duplicates, found.differences)
    assert counts(stage.visitor)["ORDER", "SYNCED"] > 10
