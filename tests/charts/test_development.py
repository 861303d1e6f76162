"""Tiltfile, kind cluster, Dockerfile and the chart's README stay true to what they speak of."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from typing import Any

import pytest
import yaml
from tests.charts.chart import (
    CHART,
    REPOSITORY,
    SERVICES,
    Object,
    by_component,
    drawn,
    objects,
    of_kind,
    pods,
    program,
)

from ledgerport_local.nats import binary

_DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()
_IGNORED = (REPOSITORY / ".dockerignore").read_text()


class Tilt:
    """Runs a Tiltfile, which is Python as far as ours goes, and remembers what it asks Tilt for."""

    def __init__(self, text: str) -> None:
        self.asked: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = defaultdict(list)
        names = [
            *(
                "allow_k8s_contexts",
                "docker_build",
                "docker_build_with_restart",
                "fall_back_on",
                "helm",
                "k8s_resource",
            ),
            *("k8s_resource", "k8s_yaml", "load", "local", "sync", "watch_file"),
        ]
        exec(compile(text, "Tiltfile", "exec"), {name: self._remember(name) for name in names})  # noqa: S102

    def _remember(self, name: str) -> Any:
        def asked(*words: Any, **named: Any) -> tuple[Any, ...]:
            self.asked[name].append((words, named))
            return (name, *words)

        return asked


@pytest.fixture(scope="module")
def tilt() -> Tilt:
    return Tilt((REPOSITORY / "Tiltfile").read_text())


def test_tilt_builds_every_image_that_the_chart_runs(tilt: Tilt) -> None:
    built = {words[0] for words, _ in tilt.asked["docker_build_with_restart"] + tilt.asked["docker_build"]}
    run = {
        each["image"].rpartition(":")[0] for _, _, spec in pods(objects("development")) for each in spec["containers"]
    }
    assert {image for image in run if image.startswith("localhost/ledgerport/")} == built


def test_tilt_watches_and_copies_only_what_is_there_and_in_the_image(tilt: Tilt) -> None:
    watched = {path for _, named in tilt.asked["docker_build_with_restart"] for path in named["only"]}
    synced = {words[0] for words, _ in tilt.asked["sync"]}
    assert all((REPOSITORY / path).exists() for path in watched | synced)
    for _words, named in tilt.asked["docker_build_with_restart"]:
        for step in named["live_update"]:
            if step[0] == "sync":
                assert any(step[1] == path or step[1].startswith(f"{path}/") for path in named["only"])
                assert step[2].startswith("/opt/ledgerport/app/")
    assert "WORKDIR /opt/ledgerport/app" in _DOCKERFILE


def test_tilt_names_stages_of_the_dockerfile(tilt: Tilt) -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", _DOCKERFILE, re.MULTILINE))
    wanted = {named["target"] for _, named in tilt.asked["docker_build_with_restart"] + tilt.asked["docker_build"]}
    assert wanted <= stages


def test_tilt_starts_each_service_by_its_package(tilt: Tilt) -> None:
    for _words, named in tilt.asked["docker_build_with_restart"]:
        service = named["build_args"]["SERVICE"]
        package = named["entrypoint"][-1]
        assert (REPOSITORY / "services" / service / package / "__main__.py").exists()


def test_the_live_update_is_not_bypassed_by_a_command_of_the_chart() -> None:
    for each in of_kind(objects("development"), "Deployment"):
        assert "command" not in each["spec"]["template"]["spec"]["containers"][0]


def test_tilt_speaks_of_resources_and_ports_that_the_chart_draws(tilt: Tilt) -> None:
    there = {owner["metadata"]["name"]: spec for owner, _, spec in pods(objects("development"))}
    for (name,), named in tilt.asked["k8s_resource"]:
        ports = {port["containerPort"] for each in there[name]["containers"] for port in each.get("ports", [])}
        assert {int(forward.partition(":")[2]) for forward in named.get("port_forwards", [])} <= ports
        assert set(named.get("resource_deps", [])) <= set(there)
    assert {f"ledgerport-{name}" for name in SERVICES} <= {words[0] for words, _ in tilt.asked["k8s_resource"]}


def test_tilt_and_kind_speak_of_one_cluster(tilt: Tilt) -> None:
    cluster = yaml.safe_load((REPOSITORY / "deploy" / "kind.yaml").read_text())
    assert (cluster["kind"], cluster["apiVersion"]) == ("Cluster", "kind.x-k8s.io/v1alpha4")
    assert tilt.asked["allow_k8s_contexts"] == [((f"kind-{cluster['name']}",), {})]
    assert {node["role"] for node in cluster["nodes"]} == {"control-plane", "worker"}


def test_the_dockerfile_copies_only_what_the_context_holds() -> None:
    kept = [line[1:] for line in _IGNORED.splitlines() if line.startswith("!")]
    for source in re.findall(r"^COPY (?!--from)(\S+) ", _DOCKERFILE, re.MULTILINE):
        path = source.partition("$")[0].rstrip("/")
        assert any(path == each or path.startswith(f"{each}/") for each in kept), source
        assert (REPOSITORY / path).exists()


def test_the_dockerfile_is_sound_by_the_linter() -> None:
    answer = subprocess.run(
        [program("hadolint"), str(REPOSITORY / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout


def test_the_result_runs_as_a_number_and_the_chart_as_the_same() -> None:
    [user] = set(re.findall(r"^USER (\d+):\d+$", _DOCKERFILE, re.MULTILINE)) - {"0"}
    specs = by_component(objects("production"), "Deployment").values()
    assert {_user(each) for each in specs} == {int(user)}


def test_the_charts_readme_says_what_its_values_say() -> None:
    made = subprocess.run(
        [sys.executable, "-c", "import readme, sys; sys.stdout.write(readme.readme(sys.stdin.read()))"],
        input=(CHART / "values.yaml").read_text(),
        cwd=REPOSITORY / "charts",
        capture_output=True,
        text=True,
        check=True,
    )
    assert (CHART / "README.md").read_text() == made.stdout, "make chart-readme"


def test_every_value_is_explained() -> None:
    explained = set(re.findall(r"^\| `([\w.-]+)` \|", (CHART / "README.md").read_text(), re.MULTILINE))
    for path in _paths(yaml.safe_load((CHART / "values.yaml").read_text())):
        assert any(path == each or path.startswith(f"{each}.") for each in explained), path


def test_new_secrets_are_all_that_a_try_refers_to() -> None:
    made = subprocess.run(
        ["sh", str(CHART / "new-secrets.sh"), "--try"], capture_output=True, text=True, check=True, timeout=60
    )
    there = {
        (each["kind"], each["metadata"]["name"], key)
        for each in yaml.safe_load_all(made.stdout)
        for key in each["data"]
    }
    names = {(kind, name) for kind, name, _ in there}
    for _owner, _labels, spec in pods(objects("try")):
        for container in spec["containers"]:
            for variable in container.get("env", []):
                if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                    assert ("Secret", reference["name"], reference["key"]) in there
        for volume in spec["volumes"]:
            if secret := volume.get("secret"):
                assert all(("Secret", secret["secretName"], item["key"]) in there for item in secret["items"])
            if (settings := volume.get("configMap")) and f"name: {settings['name']}\n" not in _own_config_maps():
                assert ("ConfigMap", settings["name"]) in names


def test_new_secrets_without_urls_are_refused_and_nothing_is_printed_for_the_rest() -> None:
    answer = subprocess.run(
        ["sh", str(CHART / "new-secrets.sh")],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "NATS_URL is not set" in answer.stderr


def _own_config_maps() -> str:
    return "".join(f"name: {each['metadata']['name']}\n" for each in of_kind(objects("try"), "ConfigMap"))


def _user(deployment: Object) -> int:
    return int(deployment["spec"]["template"]["spec"]["securityContext"]["runAsUser"])


def _paths(tree: Any, path: str = "") -> list[str]:
    if not isinstance(tree, dict) or not tree:
        return [path]
    return [leaf for key, value in tree.items() for leaf in _paths(value, f"{path}.{key}" if path else key)]


def test_the_notes_tell_what_to_do_next() -> None:
    assert drawn("try")
    notes = (CHART / "templates" / "NOTES.txt").read_text()
    for word in ("helm -n", "port-forward", "oauth/quickbooks/callback", "oauth/shopify/callback"):
        assert word in notes


@pytest.mark.parametrize("document", ["docs/operations.md", "charts/ledgerport/README.md"])
def test_every_link_and_file_that_a_document_names_is_there(document: str) -> None:
    path = REPOSITORY / document
    text = path.read_text()
    links = [link for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text) if not (path.parent / link).exists()]
    files = re.findall(r"`(values-[a-z]+\.yaml|[a-z-]+\.sh)`", text)
    assert links == []
    assert all((CHART / name).exists() for name in files)


def test_nats_takes_the_settings_of_the_chart() -> None:
    checked = subprocess.run(
        [binary(), "-t", "-c", str(CHART / "files" / "nats.conf")],
        capture_output=True,
        text=True,
        env={"NATS_PASSWORD": "s3cret"},
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
