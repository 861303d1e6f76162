"""The chart's life on a real cluster, in order: install, test, lose pods, upgrade, roll back, uninstall."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.charts.chart import CHART, SERVICES, values_file
from tests.cluster.conftest import RELEASE, Cluster

Eventually = Callable[[Callable[[], bool], str], None]


def test_everything_becomes_ready_without_a_crash(installed: Cluster) -> None:
    pods = installed.items("pods")
    assert {_component(pod) for pod in pods} == {*SERVICES, "postgresql", "nats", "intuit-sandbox", "shopify-sandbox"}
    assert [(_component(pod), _restarts(pod)) for pod in pods if _restarts(pod)] == []


def test_helms_own_test_finds_every_service_ready(installed: Cluster) -> None:
    assert "Succeeded" in installed.helm("test", RELEASE)


_WHO_AM_I = "import os; print(os.getuid(), *(os.access(each, os.W_OK) for each in ('/opt/ledgerport/app', '/tmp')))"
_DISCOVER = "import os, urllib.request as u; print(u.urlopen(os.environ['INTUIT_DISCOVERY_URL']).read().decode())"

_BUILT_WITH = "import importlib.util as i, shutil as s; print(i.find_spec('pip'), s.which('pip'), s.which('gcc'))"


def test_a_container_holds_nothing_that_installs_or_compiles(installed: Cluster) -> None:
    assert _in_auth(installed, _BUILT_WITH).split()[-3:] == ["None"] * 3


def test_a_container_cannot_write_to_its_root_and_is_nobody(installed: Cluster) -> None:
    assert _in_auth(installed, _WHO_AM_I).split()[-3:] == ["10001", "False", "True"]


def test_the_stand_ins_have_one_address_for_pods_and_browsers(installed: Cluster) -> None:
    assert '"http://intuit-sandbox-0.localhost:8091/connect/oauth2"' in _in_auth(installed, _DISCOVER)


@pytest.mark.parametrize("service", SERVICES)
def test_a_pod_that_is_deleted_is_replaced(installed: Cluster, service: str, eventually: Eventually) -> None:
    [before] = installed.pods_of(service)
    installed.kubectl("delete", "pod", before["metadata"]["name"], "--wait=false")
    eventually(lambda: any(_ready(pod) for pod in installed.pods_of(service)), f"another {service} is ready")


def test_an_upgrade_migrates_and_replaces_only_what_changed(installed: Cluster) -> None:
    before = {name: _names(installed, name) for name in SERVICES}
    values = ("-f", str(values_file("try")), "--set", "services.gateway.settings.LARGEST_FORM=32768")
    said = installed.helm("upgrade", RELEASE, str(CHART), *values, "--wait", "--timeout", "300s")
    installed.wait_ready()
    after = {name: _names(installed, name) for name in SERVICES}
    assert "REVISION: 2" in said
    assert {name for name in SERVICES if before[name] != after[name]} == {"gateway"}
    assert installed.items("jobs") == []


def test_a_rollback_brings_the_former_settings_back(installed: Cluster) -> None:
    installed.helm("rollback", RELEASE, "1", "--wait", "--timeout", "300s")
    installed.wait_ready()
    [settings] = installed.items("configmaps", "-l", "app.kubernetes.io/component=gateway")
    assert "LARGEST_FORM" not in settings["data"]


@pytest.mark.parametrize("server", ["nats", "postgresql"])
def test_a_server_that_is_killed_comes_back_with_its_volume(
    installed: Cluster, server: str, eventually: Eventually
) -> None:
    installed.kubectl("delete", "pod", f"{RELEASE}-{server}-0", "--grace-period=0", "--force")
    eventually(lambda: any(_ready(pod) for pod in installed.pods_of(server)), f"{server} is ready")
    installed.wait_ready()
    assert "Succeeded" in installed.helm("test", RELEASE)


def test_uninstalling_leaves_the_volumes_and_what_was_there_before(installed: Cluster, eventually: Eventually) -> None:
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


def _in_auth(cluster: Cluster, program: str) -> str:
    return cluster.kubectl("exec", f"deployment/{RELEASE}-auth", "--", "python", "-c", program)


def _component(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["labels"]["app.kubernetes.io/component"])


def _restarts(pod: dict[str, Any]) -> int:
    return sum(each["restartCount"] for each in pod["status"].get("containerStatuses", []))


def _ready(pod: dict[str, Any]) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", []))


def _names(cluster: Cluster, component: str) -> set[str]:
    return {pod["metadata"]["name"] for pod in cluster.pods_of(component)}
