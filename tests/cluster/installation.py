"""One installation of the chart in a namespace of its own, seen with helm and kubectl."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from tests.certificates import Authority
from tests.charts import tools
from tests.charts.chart import CHART, SERVICES, values_file

from ledgerport_local.wiring import AUDITOR, AUDITOR_REDIRECT

RELEASE = "ledgerport"
READY_WITHIN = 300
# As the demo has it: webhooks come twice now and then, and are soon sent again when nobody heard them. The stores are
# on Shopify Plus.
_STAND_INS = {
    "SHOPIFY_SANDBOX_WEBHOOK_RETRY_BASE_SECONDS": "0.5",
    "SHOPIFY_SANDBOX_WEBHOOK_DUPLICATE_RATE": "0.1",
    "SHOPIFY_SANDBOX_BUCKET_SIZE": "20000",
    "SHOPIFY_SANDBOX_RESTORE_RATE": "1000",
}


class Installation:
    """The chart as `values-try.yaml` has it, its page at `page_url`, and the auditor's app known to the stand-ins."""

    def __init__(self, namespace: str, page_url: str) -> None:
        self.namespace, self.page_url = namespace, page_url
        self.auditor_secret = secrets.token_hex(16)
        self._values = (
            *("-f", str(values_file("try"))),
            *("--set", f"publicUrl={page_url}"),
            *("--set-json", f"sandbox.settings={json.dumps(_STAND_INS)}"),
        )

    def kubectl(self, *words: str, told: str | None = None, seconds: float = 120) -> str:
        return _run([*self.kubectl_here(), *words], told, seconds)

    def kubectl_here(self) -> list[str]:
        """How a command for this namespace begins."""
        return [str(tools.find("kubectl")), "-n", self.namespace]

    def helm(self, *words: str, seconds: float = 600) -> str:
        return _run([str(tools.find("helm")), "-n", self.namespace, *words], None, seconds)

    def bring(self, verb: str, *settings: str) -> str:
        """`helm install` or `upgrade` with these settings (`key=value`) on top; returns when all is ready."""
        more = [word for each in settings for word in ("--set", each)]
        return self.helm(verb, RELEASE, str(CHART), *self._values, *more, "--wait", "--timeout", f"{READY_WITHIN}s")

    def make_secrets(self) -> None:
        """Those of a try, and with them the auditor's app."""
        told = {**os.environ, "PUBLIC_URL": self.page_url}
        made = _run(["sh", str(CHART / "new-secrets.sh"), "--try"], None, 60, told)
        objects = list(yaml.safe_load_all(made))
        [apps] = [each for each in objects if each["metadata"]["name"] == "ledgerport-sandbox"]
        auditor = {
            "client_id": AUDITOR,
            "client_secret": self.auditor_secret,
            "redirect_uris": [AUDITOR_REDIRECT],
        }
        for key, known in apps["data"].items():
            clients = [*json.loads(base64.b64decode(known)), auditor]
            apps["data"][key] = base64.b64encode(json.dumps(clients).encode()).decode()
        self.kubectl("apply", "-f", "-", told=yaml.safe_dump_all(objects))

    def ledgerport(self, *words: str) -> dict[str, Any]:
        """What the admin command answers, asked as docs/operations.md says: in a gateway's pod, its key handed in."""
        key = self.secret("ledgerport-admin", "identity.pem").decode()
        where = ("exec", "-i", f"deployment/{RELEASE}-gateway", "--")
        answer: dict[str, Any] = json.loads(
            self.kubectl(*where, "ledgerport", "--by", "tests", "--json", *words, told=key)
        )
        return answer

    def secret(self, name: str, key: str) -> bytes:
        [found] = self.items("secrets", "--field-selector", f"metadata.name={name}")
        return base64.b64decode(found["data"][key])

    def set_secret(self, name: str, key: str, value: bytes) -> None:
        patch = json.dumps({"data": {key: base64.b64encode(value).decode()}})
        self.kubectl("patch", "secret", name, "--patch", patch)

    def make_certificates(self) -> None:
        """The Secrets that cert-manager would make: for each service a certificate for its two names."""
        authority = Authority()
        for service in SERVICES:
            called = f"{RELEASE}-{service}"
            issued = authority.issue([x509.DNSName(name) for name in (called, f"{called}-pods")])
            held = {"tls.crt": issued.certificate, "tls.key": issued.key, "ca.crt": authority.certificate}
            data = {key: base64.b64encode(value).decode() for key, value in held.items()}
            metadata = {"name": f"ledgerport-tls-{service}"}
            secret = {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/tls",
                "metadata": metadata,
                "data": data,
            }
            self.kubectl("apply", "-f", "-", told=yaml.safe_dump(secret))

    def items(self, kinds: str, *words: str) -> list[dict[str, Any]]:
        answer = self.kubectl("get", kinds, "-o", "json", *words)
        return list(json.loads(answer)["items"])

    def pods_of(self, component: str) -> list[dict[str, Any]]:
        """Those that are not on their way out."""
        pods = self.items("pods", "-l", f"app.kubernetes.io/component={component}")
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def names_of(self, component: str) -> set[str]:
        """Of its pods."""
        return {str(pod["metadata"]["name"]) for pod in self.pods_of(component)}

    def wait_ready(self) -> None:
        for name in SERVICES:
            deployment = f"deployment/{RELEASE}-{name}"
            self.kubectl("rollout", "status", deployment, f"--timeout={READY_WITHIN}s", seconds=READY_WITHIN + 30)

    def kill(self, component: str) -> None:
        """All its pods at once, without a word: by SIGKILL where this is their node, else by a forced deletion."""
        pods = self.pods_of(component)
        processes = [pid for pod in pods for pid in _processes_of(str(pod["metadata"]["uid"]))]
        if not processes:
            names = [str(pod["metadata"]["name"]) for pod in pods]
            self.kubectl("delete", "pod", *names, "--grace-period=0", "--force")
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def lives_of(self, component: str) -> set[tuple[str, int]]:
        """Of its pods that are ready: which pod, and how often it was started again."""
        ready = (pod for pod in self.pods_of(component) if is_ready(pod))
        return {(str(pod["metadata"]["uid"]), pod["status"]["containerStatuses"][0]["restartCount"]) for pod in ready}

    def memory(self) -> dict[str, int]:
        """MiB that the process of each pod holds, by component: the most where there are several."""
        return {name: max(self._memory_of(pod) for pod in self.names_of(name)) for name in SERVICES}

    def _memory_of(self, pod: str) -> int:
        status = self.kubectl("exec", pod, "--", "cat", "/proc/1/status")
        [kib] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
        return int(kib) // 1024

    def keep_logs(self, folder: Path) -> None:
        """What every pod has said, a file each: with the namespace it will be gone."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for pod in self.items("pods"):
            name = pod["metadata"]["name"]
            done = subprocess.run(
                [*self.kubectl_here(), "logs", name, "--all-containers"], capture_output=True, check=False
            )
            (folder / f"{name}.log").write_bytes(done.stdout + done.stderr)

    def leases(self) -> dict[str, str]:
        """Which writer holds which Business."""
        asked = "SELECT business_id, holder FROM company_lease WHERE until > now()"
        told = self.kubectl(
            *("exec", f"{RELEASE}-postgresql-0", "--", "psql", "-U", "postgres", "-d", "ledgerport_qbo_writer"),
            *("-At", "-F", " ", "-c", asked),
        )
        return dict(line.split(" ", 1) for line in told.splitlines())


def _processes_of(pod_uid: str) -> Iterator[int]:
    """Those of the pod's containers but for the one that only holds its network; none where its node is another."""
    names = {pod_uid, pod_uid.replace("-", "_")}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            groups = (folder / "cgroup").read_text()
            if any(name in groups for name in names) and (folder / "comm").read_text().strip() != "pause":
                yield int(folder.name)


def component_of(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["labels"]["app.kubernetes.io/component"])


def is_ready(pod: dict[str, Any]) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", []))


def _run(words: list[str], told: str | None, seconds: float, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        words, input=told, capture_output=True, text=True, timeout=seconds, check=False, env=environment
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout
