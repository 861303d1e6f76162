"""The chart's life on a real cluster, in order: install, sell, lose pods, upgrade, roll back, scale, uninstall.

All the while orders flow, and what stands in QuickBooks at the end is what the store says.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable

import pytest
from rich.progress import Progress
from tests.charts.chart import SERVICES
from tests.cluster.forwards import Forward
from tests.cluster.installation import RELEASE, Installation, component_of, is_ready
from tests.cluster.merchants import COMPANIES, Merchant, Town
from tests.selling import Selling

from ledgerport_local.audit import Comparison
from ledgerport_local.demo import play

Eventually = Callable[[Callable[[], bool], str], None]
Figures = dict[str, object]
_ORDERS, _BACKLOG = 60, 120


def right(found: Comparison) -> str:
    """What was compared, where nothing is lost, nothing doubled and not a cent differs."""
    assert found.proved, (found.missing, found.duplicates, found.differences)
    documents = sum(found.documents.values())
    return f"{found.orders} orders, {found.refunds} refunds, {documents} documents: 0 lost, 0 doubled, 0 differences"


def test_everything_becomes_ready_without_a_crash(installed: Installation) -> None:
    pods = installed.items("pods")
    expected = {*SERVICES, "postgresql", "nats", "intuit-sandbox", "shopify-sandbox"}
    assert {component_of(pod) for pod in pods} == expected
    restarted = {
        component_of(pod) for pod in pods for each in pod["status"]["containerStatuses"] if each["restartCount"]
    }
    assert restarted == set()


def test_helms_own_test_finds_every_service_ready(installed: Installation, figures: Figures) -> None:
    assert "Succeeded" in installed.helm("test", RELEASE)
    figures["MiB at rest"] = installed.memory()


_RING = ("ledgerport-sealing-keys", "sealing-keys.json")
_WHO_AM_I = "import os; print(os.getuid(), *(os.access(each, os.W_OK) for each in ('/opt/ledgerport/app', '/tmp')))"
_DISCOVER = "import os, urllib.request as u; print(u.urlopen(os.environ['INTUIT_DISCOVERY_URL']).read().decode())"
_HANDSHAKE = """
import os, socket, ssl
host, port = os.environ["AUTH_ADDRESS"].removeprefix("dns:///").rsplit(":", 1)
trusting = ssl.create_default_context(cafile=os.environ["GRPC_TLS_AUTHORITY_FILE"])
trusting.set_alpn_protocols(["h2"])
print(trusting.wrap_socket(socket.create_connection((host, int(port)), 5), server_hostname=host).version())
"""
_BUILT_WITH = "import importlib.util as i, shutil as s; print(i.find_spec('pip'), s.which('pip'), s.which('gcc'))"
_CALLS = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9090/metrics').read().decode())"


def test_a_container_holds_nothing_that_installs_or_compiles(installed: Installation) -> None:
    assert _run(installed, f"deployment/{RELEASE}-auth", _BUILT_WITH).split()[-3:] == ["None"] * 3


def test_a_container_cannot_write_to_its_root_and_is_nobody(installed: Installation) -> None:
    assert _run(installed, f"deployment/{RELEASE}-auth", _WHO_AM_I).split()[-3:] == ["10001", "False", "True"]


def test_the_stand_ins_have_one_address_for_pods_and_browsers(installed: Installation) -> None:
    found = _run(installed, f"deployment/{RELEASE}-auth", _DISCOVER)
    assert '"http://intuit-sandbox-0.localhost:8091/connect/oauth2"' in found


def test_the_demo_goes_through_the_cluster_and_its_books_are_right(owner: Merchant, figures: Figures) -> None:
    """Orders of every kind and changes of them; a token expires, and the writer is killed at its work."""
    play(owner.scene, _ORDERS, 1, Progress(disable=True))
    figures["the demo"] = right(owner.books())


@pytest.mark.parametrize("service", SERVICES)
def test_a_pod_that_is_deleted_is_replaced_while_orders_flow(
    installed: Installation, selling: Selling, service: str, eventually: Eventually, figures: Figures
) -> None:
    before, began = installed.names_of(service), time.monotonic()
    installed.kubectl("delete", "pod", *before, "--wait=false")
    eventually(
        lambda: any(is_ready(pod) and pod["metadata"]["name"] not in before for pod in installed.pods_of(service)),
        f"another {service} is ready",
    )
    figures[f"seconds until a deleted {service} is back"] = round(time.monotonic() - began)


def test_an_upgrade_replaces_only_what_changed(installed: Installation, selling: Selling) -> None:
    before = {name: installed.names_of(name) for name in SERVICES}
    said = installed.bring("upgrade", "services.gateway.settings.LARGEST_FORM=32768")
    installed.wait_ready()
    assert "REVISION: 2" in said
    assert {name for name in SERVICES if before[name] != installed.names_of(name)} == {"gateway"}
    assert installed.items("jobs") == []


def test_an_upgrade_of_everything_goes_on_while_orders_flow(
    installed: Installation, selling: Selling, figures: Figures
) -> None:
    before, began = {name: installed.names_of(name) for name in SERVICES}, time.monotonic()
    installed.bring("upgrade", "drainSeconds=15")
    installed.wait_ready()
    figures["seconds of an upgrade of everything"] = round(time.monotonic() - began)
    assert not [name for name in SERVICES if before[name] & installed.names_of(name)]


def test_tls_between_services_is_switched_on_while_orders_flow(installed: Installation, selling: Selling) -> None:
    installed.make_certificates()
    installed.bring("upgrade", "tls.enabled=true")
    installed.wait_ready()
    spoken = _run(installed, f"deployment/{RELEASE}-gateway", _HANDSHAKE).split()
    assert spoken[-1] == "TLSv1.3"
    assert "Succeeded" in installed.helm("test", RELEASE)


def test_a_restart_of_everything_goes_on_while_orders_flow(
    installed: Installation, selling: Selling, figures: Figures
) -> None:
    figures["MiB while orders flow"] = installed.memory()
    before = {name: installed.names_of(name) for name in SERVICES}
    installed.kubectl("rollout", "restart", "deployment", "-l", f"app.kubernetes.io/instance={RELEASE}")
    installed.wait_ready()
    assert not [name for name in SERVICES if before[name] & installed.names_of(name)]


def test_a_rollback_brings_the_former_settings_back_while_orders_flow(
    installed: Installation, selling: Selling, figures: Figures
) -> None:
    began = time.monotonic()
    installed.helm("rollback", RELEASE, "1", "--wait", "--timeout", "300s")
    installed.wait_ready()
    figures["seconds of a rollback of everything"] = round(time.monotonic() - began)
    [settings] = installed.items("configmaps", "-l", "app.kubernetes.io/component=gateway")
    assert "LARGEST_FORM" not in settings["data"]
    assert settings["data"]["DRAIN_SECONDS"] == "20"


@pytest.mark.parametrize("server", ["nats", "postgresql"])
def test_a_server_that_is_killed_comes_back_with_its_volume_while_orders_flow(
    installed: Installation, selling: Selling, server: str, eventually: Eventually, figures: Figures
) -> None:
    before, began = installed.lives_of(server), time.monotonic()
    installed.kill(server)
    eventually(lambda: bool(installed.lives_of(server) - before), f"{server} has begun another life")
    figures[f"seconds until a killed {server} is back"] = round(time.monotonic() - began)
    installed.wait_ready()
    assert "Succeeded" in installed.helm("test", RELEASE)


def test_after_all_that_the_books_are_right(owner: Merchant, selling: Selling, page: Forward, figures: Figures) -> None:
    selling.end()
    page.renew()
    assert selling.troubles == []
    assert selling.placed > 20
    figures["after deleted pods, upgrades, a rollback and killed servers"] = right(owner.books())
    figures["orders that were placed meanwhile"] = selling.placed


def test_a_new_replica_gets_its_share_of_the_calls_and_one_that_goes_is_not_missed(
    installed: Installation, owner: Merchant, page: Forward, eventually: Eventually, figures: Figures
) -> None:
    installed.kubectl("scale", f"deployment/{RELEASE}-auth", "--replicas=2")
    installed.wait_ready()
    began = time.monotonic()
    [first, second] = sorted(installed.names_of("auth"))

    def both_are_called() -> bool:
        owner.scene.visitor.api("connections")
        return bool(_calls(installed, first) and _calls(installed, second))

    eventually(both_are_called, "both replicas of auth are called")
    figures["seconds until a new replica of auth is called"] = round(time.monotonic() - began)
    installed.kubectl("scale", f"deployment/{RELEASE}-auth", "--replicas=1")

    def gone() -> bool:
        for _ in range(10):
            owner.scene.visitor.api("connections")  # each is answered, while the replica drains and after it
        return len(installed.items("pods", "-l", "app.kubernetes.io/component=auth")) == 1

    eventually(gone, "one of them is gone")


def test_sealing_keys_are_rotated_by_command_and_no_pod_restarts(
    installed: Installation, owner: Merchant, eventually: Eventually, figures: Figures
) -> None:
    """The Secret changes, every pod of auth takes it up by itself, and what was sealed is sealed anew."""
    before = installed.names_of("auth")
    ring = json.loads(installed.secret(*_RING))
    ring["keys"]["k2"], ring["active"] = base64.b64encode(secrets.token_bytes(32)).decode(), "k2"
    installed.set_secret(*_RING, json.dumps(ring).encode())
    began = time.monotonic()
    eventually(lambda: installed.ledgerport("rotate-keys", "--dry-run")["active_key"] == "k2", "auth has the new key")
    figures["seconds until a changed ring of keys is in use"] = round(time.monotonic() - began)
    done = installed.ledgerport("rotate-keys")
    assert (done["waiting"], done["broken"], done["other_keys"]) == (0, [], ["k1"])
    assert done["done"] > 0
    assert installed.names_of("auth") == before
    assert set(installed.ledgerport("health")["services"]) == {*SERVICES} - {"gateway"}


def test_companies_move_to_more_writers_and_back_and_nothing_is_written_twice(
    town: Town, installed: Installation, eventually: Eventually, figures: Figures
) -> None:
    merchants = [Merchant.signs_up(town, number) for number in range(1, COMPANIES + 1)]
    slow = (
        "services.qbo-writer.settings.QBO_REQUESTS_PER_MINUTE=60",
        "services.qbo-writer.settings.QBO_BATCH_PAYLOADS=4",
    )
    installed.bring("upgrade", *slow)
    for number, each in enumerate(merchants):
        each.sells(_BACKLOG, seed=40 + number)
    eventually(lambda: len(set(installed.leases().values())) == 1, "one writer has the companies")
    installed.kubectl("scale", f"deployment/{RELEASE}-qbo-writer", "--replicas=3")
    installed.wait_ready()
    began = time.monotonic()
    eventually(lambda: len(set(installed.leases().values())) == 3, "three writers share the companies")
    figures["seconds until three writers that are ready have a company each"] = round(time.monotonic() - began, 1)
    _one_rests(installed, eventually, figures)
    installed.kubectl("scale", f"deployment/{RELEASE}-qbo-writer", "--replicas=1")
    began = time.monotonic()
    eventually(lambda: len(set(installed.leases().values())) == 1, "one writer has them all again")
    figures["seconds until the last writer has them all"] = round(time.monotonic() - began, 1)
    installed.bring("upgrade")
    for each in merchants:
        figures[f"{each.shop}, past one, three and one writers"] = right(each.books())


def test_uninstalling_leaves_the_volumes_and_what_was_there_before(
    installed: Installation, eventually: Eventually
) -> None:
    installed.helm("uninstall", RELEASE, "--wait", "--timeout", "180s")
    eventually(lambda: installed.items("pods") == [], "all pods are gone")
    left = installed.items(
        "all,configmaps,serviceaccounts,networkpolicies,ingresses,jobs", "-l", "app.kubernetes.io/name=ledgerport"
    )
    assert left == []
    claims = {each["metadata"]["name"] for each in installed.items("persistentvolumeclaims")}
    assert claims == {
        f"data-{RELEASE}-nats-0",
        f"data-{RELEASE}-postgresql-0",
        "data-intuit-sandbox-0",
        "data-shopify-sandbox-0",
    }


def _one_rests(installed: Installation, eventually: Eventually, figures: Figures) -> None:
    """A writer is drained by name: its companies go to the others at once, and it works again when it is told to."""
    before = installed.leases()
    holder = next(iter(before.values()))
    [drained] = [each for each in installed.ledgerport("drain", "--list")["writers"] if each["holder"] == holder]

    def with_others() -> bool:
        now = installed.leases()
        return all(now.get(business, holder) != holder for business in before)

    installed.ledgerport("drain", drained["name"], "--minutes", "15")
    began = time.monotonic()
    eventually(with_others, "the drained writer's companies are with others")
    figures["seconds until a drained writer's companies are with others"] = round(time.monotonic() - began, 1)
    installed.ledgerport("drain", drained["name"], "--minutes", "0")
    eventually(lambda: holder in installed.leases().values(), "it works again")


def _run(installed: Installation, where: str, program: str) -> str:
    return installed.kubectl("exec", where, "--", "python", "-c", program)


def _calls(installed: Installation, pod: str) -> float:
    """How many gRPC calls this pod has answered."""
    counted = [line for line in _run(installed, pod, _CALLS).splitlines() if "ledgerport_rpc_seconds_count" in line]
    return sum(float(line.split()[-1]) for line in counted if not line.startswith("#"))
