"""What every object of the chart is held to, beyond what Kubernetes checks."""

from __future__ import annotations

import importlib
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic_settings import BaseSettings
from tests.charts.chart import (
    EXAMPLES,
    SERVICES,
    Object,
    by_component,
    component,
    containers,
    objects,
    of_kind,
    pods,
    selects,
)

_SECRET_WORDS = re.compile(r"SECRET|PASSWORD|TOKEN|DATABASE_URL|NATS_URL|SMTP_URL|_CLIENTS$")
_A_FILE = re.compile(r"_FILE$|_DIR$|_SECONDS$")
each_example = pytest.mark.parametrize("example", EXAMPLES)


@each_example
def test_every_selector_hits_its_own_pods_and_no_others(example: str) -> None:
    drawn = objects(example)
    for owner, labels, _spec in pods(drawn):
        if owner["kind"] in ("Deployment", "StatefulSet"):
            chosen = owner["spec"]["selector"]["matchLabels"]
            assert selects(chosen, labels)
            assert sum(selects(chosen, others) for _, others, _ in pods(drawn)) == 1


@each_example
def test_every_service_finds_pods_that_have_its_ports(example: str) -> None:
    drawn = objects(example)
    for service in of_kind(drawn, "Service"):
        chosen = service["spec"]["selector"]
        behind = [spec for _, labels, spec in pods(drawn) if selects(chosen, labels)]
        assert behind, service["metadata"]["name"]
        for port in service["spec"].get("ports", []):
            assert all(port["targetPort"] in _ports(spec) for spec in behind), (service["metadata"]["name"], port)


@each_example
def test_every_budget_autoscaler_and_monitor_hits_something(example: str) -> None:
    drawn = objects(example)
    for budget in of_kind(drawn, "PodDisruptionBudget"):
        chosen = budget["spec"]["selector"]["matchLabels"]
        assert sum(selects(chosen, labels) for _, labels, _ in pods(drawn)) == 1
    deployments = {each["metadata"]["name"] for each in of_kind(drawn, "Deployment")}
    for scaler in of_kind(drawn, "HorizontalPodAutoscaler"):
        assert scaler["spec"]["scaleTargetRef"]["name"] in deployments
    for monitor in of_kind(drawn, "PodMonitor"):
        watched = [
            spec for _, labels, spec in pods(drawn) if selects(monitor["spec"]["selector"]["matchLabels"], labels)
        ]
        ports = {port for spec in watched for port in _ports(spec)}
        assert {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]} <= ports


@each_example
def test_what_is_scaled_has_no_number_of_its_own(example: str) -> None:
    drawn = objects(example)
    scaled = set(by_component(drawn, "HorizontalPodAutoscaler"))
    assert {component(each) for each in of_kind(drawn, "Deployment") if "replicas" not in each["spec"]} == scaled


@each_example
def test_a_budget_is_there_for_more_than_one_and_never_for_one(example: str) -> None:
    drawn = objects(example)
    scaled = by_component(drawn, "HorizontalPodAutoscaler")
    least = {
        name: scaled[name]["spec"]["minReplicas"] if name in scaled else each["spec"]["replicas"]
        for name, each in by_component(drawn, "Deployment").items()
    }
    expected = {name for name, count in least.items() if count > 1}
    assert set(by_component(drawn, "PodDisruptionBudget")) == expected


@each_example
def test_every_probe_asks_a_port_that_its_container_has(example: str) -> None:
    for _owner, _labels, spec in pods(objects(example)):
        for container in spec["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                asked = container.get(probe, {})
                for kind in ("httpGet", "tcpSocket"):
                    if kind in asked:
                        assert asked[kind]["port"] in {port["name"] for port in container["ports"]}
                assert "grpc" not in asked


@each_example
def test_everything_that_stays_is_probed_in_all_three_ways(example: str) -> None:
    for owner, _labels, spec in pods(objects(example)):
        if owner["kind"] in ("Deployment", "StatefulSet"):
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(spec["containers"][0])


@each_example
def test_every_container_is_nobody_in_particular_with_nothing_to_gain(example: str) -> None:
    for owner, _labels, spec in pods(objects(example)):
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"} & set(spec)
        for container in containers(spec):
            held = container["securityContext"]
            assert held["allowPrivilegeEscalation"] is False
            assert held["capabilities"] == {"drop": ["ALL"]}
            loose = example == "development" and owner["kind"] != "StatefulSet"
            assert held["readOnlyRootFilesystem"] is not loose


@each_example
def test_a_read_only_container_that_runs_python_can_write_to_tmp(example: str) -> None:
    for _owner, _labels, spec in pods(objects(example)):
        writable = {volume["name"] for volume in spec["volumes"] if "emptyDir" in volume}
        for container in spec["containers"]:
            mounted = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
            assert mounted["/tmp"] in writable  # noqa: S108


@each_example
def test_every_container_says_what_it_needs_and_no_image_is_the_latest(example: str) -> None:
    for _owner, _labels, spec in pods(objects(example)):
        for container in containers(spec):
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])
            assert "memory" in container["resources"]["limits"]
            tag = container["image"].rpartition("/")[2].partition(":")[2]
            assert tag
            assert tag != "latest"


@each_example
def test_secrets_come_by_reference_only(example: str) -> None:
    drawn = objects(example)
    assert of_kind(drawn, "Secret") == []
    for settings in of_kind(drawn, "ConfigMap"):
        plain = {name for name in settings["data"] if _SECRET_WORDS.search(name) and not _A_FILE.search(name)}
        assert not plain
        assert "://" not in settings["data"].get("nats.conf", "")
    for _owner, _labels, spec in pods(drawn):
        for container in containers(spec):
            for variable in container.get("env", []):
                if _SECRET_WORDS.search(variable["name"]):
                    assert variable["valueFrom"]["secretKeyRef"]["name"], variable


def test_a_service_is_given_its_own_secrets_and_nobody_elses() -> None:
    given = {name: _secrets(each) for name, each in by_component(objects("everything"), "Deployment").items()}
    shared = {"ledgerport-shopify": {"auth", "shopify-sync"}, "mail": {"auth", "connections"}}
    for secret in set().union(*given.values()):
        holders = {name for name in SERVICES if secret in given[name]}
        assert holders == shared.get(secret, holders)
        if secret not in shared:
            assert len(holders) == 1, secret


@each_example
def test_every_volume_that_is_mounted_is_there_and_every_one_that_is_there_is_mounted(example: str) -> None:
    for owner, _labels, spec in pods(objects(example)):
        claimed = {each["metadata"]["name"] for each in owner["spec"].get("volumeClaimTemplates", [])}
        there = {volume["name"] for volume in spec["volumes"]} | claimed
        mounted = {mount["name"] for each in containers(spec) for mount in each.get("volumeMounts", [])}
        assert mounted == there


@pytest.mark.parametrize("service", SERVICES)
@each_example
def test_a_service_is_told_only_what_it_knows_and_all_that_it_must_be_told(example: str, service: str) -> None:
    known = _settings_of(service)
    drawn = objects(example)
    settings = by_component(drawn, "ConfigMap")[service]["data"]
    container = by_component(drawn, "Deployment")[service]["spec"]["template"]["spec"]["containers"][0]
    told = {*settings, *(variable["name"] for variable in container["env"])}
    needed = {name.upper() for name, field in known.items() if field.is_required()}
    shared = {"INTUIT_CLIENT_ID", "INTUIT_DISCOVERY_URL", "QBO_API_URL", "SHOPIFY_CLIENT_ID", "SHOPIFY_ADMIN_URL"}
    assert needed <= told
    assert told - {name.upper() for name in known} <= shared | {"PUBLIC_URL"}


def test_other_settings_make_other_pods() -> None:
    before = by_component(objects("try"), "Deployment")
    after = by_component(objects("try", 'services.gateway.settings={"LARGEST_FORM": 2048}'), "Deployment")
    changed = {name for name in SERVICES if _checksum(before[name]) != _checksum(after[name])}
    assert changed == {"gateway"}


@each_example
def test_the_end_of_a_pod_leaves_time_for_everything_to_drain(example: str) -> None:
    drawn = objects(example)
    settings = by_component(drawn, "ConfigMap")
    for name, deployment in by_component(drawn, "Deployment").items():
        ends = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        assert ends > 3 * float(settings[name]["data"]["DRAIN_SECONDS"]) + 4


@each_example
def test_a_rolling_update_takes_nothing_away_before_the_new_one_is_ready(example: str) -> None:
    for each in of_kind(objects(example), "Deployment"):
        assert each["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


@each_example
def test_every_port_names_its_protocol(example: str) -> None:
    drawn = objects(example)
    for service in of_kind(drawn, "Service"):
        assert all("protocol" in port for port in service["spec"].get("ports", []))
    for _owner, _labels, spec in pods(drawn):
        assert all("protocol" in port for each in containers(spec) for port in each.get("ports", []))


def test_the_webhooks_are_public_and_the_operators_addresses_are_not() -> None:
    drawn = objects("everything")
    [ingress] = of_kind(drawn, "Ingress")
    [route] = of_kind(drawn, "HTTPRoute")
    services = {each["metadata"]["name"]: each for each in of_kind(drawn, "Service")}
    paths = {each["path"]: each["backend"]["service"] for each in ingress["spec"]["rules"][0]["http"]["paths"]}
    assert {path: (to["name"], to["port"]["name"]) for path, to in paths.items()} == {
        "/webhooks/shopify": ("ledgerport-shopify-sync", "http"),
        "/": ("ledgerport-gateway", "http"),
    }
    backends = [each for rule in route["spec"]["rules"] for each in rule["backendRefs"]]
    for backend in backends:
        [http] = [port for port in services[backend["name"]]["spec"]["ports"] if port["name"] == "http"]
        assert backend["port"] == http["port"]
    for name in SERVICES:
        assert by_component(drawn, "ConfigMap")[name]["data"]["OPS_LISTEN"] == "0.0.0.0:9090"


@each_example
def test_shopify_sync_is_told_the_root_below_which_it_puts_its_own_path(example: str) -> None:
    told = by_component(objects(example), "ConfigMap")["shopify-sync"]["data"]["WEBHOOK_URL"]
    assert urlsplit(told).path == ""
    given = objects(example, 'webhookUrl="https://hooks.example.com/webhooks/shopify/"')
    assert by_component(given, "ConfigMap")["shopify-sync"]["data"]["WEBHOOK_URL"] == "https://hooks.example.com"


def test_migrations_go_before_and_each_database_has_its_own() -> None:
    [job] = of_kind(objects("production"), "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    migrated = {each["name"]: each["command"][-1] for each in job["spec"]["template"]["spec"]["containers"]}
    assert migrated == {name: name.replace("-", "_") for name in SERVICES if name != "gateway"}
    [later] = of_kind(objects("try"), "Job")
    assert later["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"


def test_every_services_certificate_names_the_host_that_others_dial() -> None:
    drawn = objects("production")
    certificates = by_component(drawn, "Certificate")
    assert set(certificates) == set(SERVICES)
    for settings in of_kind(drawn, "ConfigMap"):
        for name, value in settings["data"].items():
            if name.endswith("_ADDRESS"):
                host = value.partition(":")[0]
                called = host.removeprefix("ledgerport-").removesuffix("-pods")
                assert host in certificates[called]["spec"]["dnsNames"]
    for name, deployment in by_component(drawn, "Deployment").items():
        assert certificates[name]["spec"]["secretName"] in _secrets(deployment)


@each_example
def test_whoever_calls_reaches_each_pod_that_is_ready_and_no_other(example: str) -> None:
    drawn = objects(example)
    services = {each["metadata"]["name"]: each["spec"] for each in of_kind(drawn, "Service")}
    dialled = {
        (name, value)
        for settings in of_kind(drawn, "ConfigMap")
        for name, value in settings["data"].items()
        if name.endswith("_ADDRESS")
    }
    assert {name for name, _ in dialled} == {f"{name.replace('-', '_').upper()}_ADDRESS" for name in SERVICES[:-1]}
    for _, address in dialled:
        host, _, port = address.partition(":")
        assert services[host]["clusterIP"] == "None"
        assert not services[host].get("publishNotReadyAddresses")
        assert [each["port"] for each in services[host]["ports"]] == [int(port)]


def _ports(spec: Object) -> set[str]:
    return {port["name"] for container in spec["containers"] for port in container.get("ports", [])}


def _secrets(deployment: Object) -> set[str]:
    spec = deployment["spec"]["template"]["spec"]
    variables = [each["valueFrom"]["secretKeyRef"]["name"] for each in spec["containers"][0]["env"]]
    return {*variables, *(each["secret"]["secretName"] for each in spec["volumes"] if "secret" in each)}


def _checksum(deployment: Object) -> str:
    return str(deployment["spec"]["template"]["metadata"]["annotations"]["checksum/settings"])


def _settings_of(service: str) -> dict[str, Any]:
    kind: type[BaseSettings] = importlib.import_module(f"{service.replace('-', '_')}.settings").Settings
    return dict(kind.model_fields)
