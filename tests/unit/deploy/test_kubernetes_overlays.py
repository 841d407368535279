"""What every overlay promises, whatever is in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from homeport.entry.deploy.kustomize import build
from homeport.entry.deploy.read_yaml import Document, load_all, parse_all
from homeport.entry.gunicorn_api import options_of
from homeport.entry.health_pages import routes
from homeport.entry.known_settings import find
from homeport.entry.settings import read_settings
from homeport.entry.version import VERSION
from homeport.runtime.config.sources import Sources
from homeport.runtime.ops.meters import Meters
from homeport.runtime.tasks.queues import Queue
from homeport_sandbox.settings import read as sandbox_settings
from tests.support.kubernetes_objects import (
    KUBERNETES,
    OVERLAYS,
    assert_restricted,
    component,
    containers,
    copy_with_secrets,
    find_values,
    is_selected,
    named,
    of_kind,
    pod,
    pod_labels,
    resolve,
    variables,
    workloads,
)
from tests.support.source_tree import ROOT

NEWEST = kubernetes_validate.latest_version()
VERSIONS = ("1.31", NEWEST)
WORKERS = ("worker-knowledge", "worker-workflows", "worker-background")
OURS = {"homeport", "sandbox"}


@pytest.fixture(scope="module")
def overlays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_with_secrets(tmp_path_factory.mktemp("deploy"))


@pytest.fixture(scope="module")
def resolved(overlays: Path) -> dict[str, list[Document]]:
    return resolve(overlays)


@pytest.fixture(params=OVERLAYS)
def objects(request: pytest.FixtureRequest, resolved: dict[str, list[Document]]) -> list[Document]:
    return resolved[request.param]


@pytest.mark.parametrize("version", VERSIONS)
def test_objects_are_strictly_valid(objects: list[Document], version: str) -> None:
    for one in objects:
        if one["apiVersion"] != "keda.sh/v1alpha1":
            kubernetes_validate.validate(one, version, strict=True)


def test_no_two_objects_have_one_name(objects: list[Document]) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]
    assert len(set(names)) == len(names)


def test_everything_is_in_the_namespace(objects: list[Document]) -> None:
    assert {one["metadata"].get("namespace") for one in objects if one["kind"] != "Namespace"} == {"homeport"}


def test_pods_are_restricted(objects: list[Document]) -> None:
    assert_restricted(objects)


def test_our_images_run_as_their_own_user_and_in_this_version(objects: list[Document]) -> None:
    ours = [one for one in workloads(objects) if containers(one)[0]["image"].startswith("homeport/")]
    assert {component(one) for one in ours} >= {"api", *WORKERS, "beat", "migration", "web", "sandbox"}
    for workload in ours:
        assert containers(workload)[0]["image"].endswith(f":{VERSION}")
        assert pod(workload)["securityContext"]["runAsUser"] == 1001


def test_selectors_find_pods(objects: list[Document]) -> None:
    pods = [pod_labels(one) for one in workloads(objects)]
    for workload in of_kind(objects, "Deployment", "StatefulSet"):
        assert is_selected(workload["spec"]["selector"], pod_labels(workload))
        assert sum(is_selected(workload["spec"]["selector"], labels) for labels in pods) == 1
        for constraint in pod(workload).get("topologySpreadConstraints", []):
            assert is_selected(constraint["labelSelector"], pod_labels(workload))
    for budget in of_kind(objects, "PodDisruptionBudget"):
        assert sum(is_selected(budget["spec"]["selector"], labels) for labels in pods) == 1
    for policy in of_kind(objects, "NetworkPolicy"):
        assert any(is_selected(policy["spec"]["podSelector"], labels) for labels in pods)


def test_services_lead_to_a_port_of_a_pod(objects: list[Document]) -> None:
    for service in of_kind(objects, "Service"):
        selector = {"matchLabels": service["spec"]["selector"]}
        found = [one for one in workloads(objects) if is_selected(selector, pod_labels(one))]
        assert len(found) == 1
        ports = {port["name"] for container in containers(found[0]) for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_the_ingress_leads_to_services(objects: list[Document]) -> None:
    (ingress,) = of_kind(objects, "Ingress")
    for rule in ingress["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            backend = path["backend"]["service"]
            service = named(objects, "Service", backend["name"])
            assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


def test_the_ingress_opens_every_space_of_the_api_and_not_health(objects: list[Document]) -> None:
    (ingress,) = of_kind(objects, "Ingress")
    to = {path["path"]: path["backend"]["service"]["name"] for path in ingress["spec"]["rules"][0]["http"]["paths"]}
    assert to.pop("/") == "web"
    assert set(to) == {"/console/api", "/api", "/v1", "/files", "/mcp", "/triggers"}
    assert set(to.values()) == {"api"}


def test_what_pods_refer_to_exists(objects: list[Document]) -> None:
    settings = named(objects, "ConfigMap", "homeport-settings")
    secret = named(objects, "Secret", "homeport-secrets")
    maps = {one["metadata"]["name"]: one.get("data", {}) for one in of_kind(objects, "ConfigMap")}
    claims = {one["metadata"]["name"] for one in of_kind(objects, "PersistentVolumeClaim")}
    for workload in workloads(objects):
        assert {one["name"] for one in find_values(workload, "configMapRef")} <= {settings["metadata"]["name"]}
        assert {one["name"] for one in find_values(workload, "secretRef")} <= {secret["metadata"]["name"]}
        for reference in find_values(workload, "configMapKeyRef"):
            assert reference["key"] in maps[reference["name"]] or reference.get("optional")
        for reference in find_values(workload, "secretKeyRef"):
            assert reference["name"] == secret["metadata"]["name"]
            assert reference["key"] in secret["data"]
        assert {one["name"] for one in find_values(workload, "configMap")} <= maps.keys()
        assert {one["claimName"] for one in find_values(workload, "persistentVolumeClaim")} <= claims
    assert claims == set(find_values([pod(one) for one in workloads(objects)], "claimName"))


def test_variables_are_known(objects: list[Document]) -> None:
    names = {
        name
        for one in of_kind(objects, "ConfigMap", "Secret")
        if "ssrf" not in one["metadata"]["name"]
        for name in one["data"]
    }
    for workload in workloads(objects):
        for container in containers(workload):
            if container["name"] in OURS:
                names |= {one["name"] for one in container.get("env", [])}
    assert {name for name in names if find(name) is None} == set()


def test_each_worker_setting_is_accepted(objects: list[Document]) -> None:
    settings = named(objects, "ConfigMap", "homeport-settings")["data"]
    secrets = named(objects, "Secret", "homeport-secrets")["data"]
    for workload in workloads(objects):
        if containers(workload)[0]["name"] == "homeport":
            own = variables(containers(workload)[0])
            read_settings(Sources(environment={**dict.fromkeys(secrets, "value-of-a-test"), **settings, **own}))


def test_every_queue_has_workers_in_one_group(objects: list[Document]) -> None:
    groups = [
        variables(container)["CELERY_WORKER_QUEUES"].split(",")
        for name in WORKERS
        for container in containers(named(objects, "Deployment", name))
    ]
    assert sorted(queue for group in groups for queue in group) == sorted(Queue)


def test_each_part_has_its_mode(objects: list[Document]) -> None:
    modes = {
        component(one): variables(containers(one)[0])["MODE"]
        for one in workloads(objects)
        if containers(one)[0]["name"] == "homeport"
    }
    assert modes == {"api": "api", **dict.fromkeys(WORKERS, "worker"), "beat": "beat", "migration": "migration"}


def test_probes_of_the_api_ask_addresses_it_has(objects: list[Document]) -> None:
    (container,) = containers(named(objects, "Deployment", "api"))
    asked = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert asked == {"/health/startup", "/health/live", "/health/ready"}
    assert asked <= {route.path for route in routes("")}


@pytest.mark.parametrize("name", [*WORKERS, "beat"])
def test_probes_of_what_serves_no_api_ask_its_own_port(objects: list[Document], name: str) -> None:
    (container,) = containers(named(objects, "Deployment", name))
    settings = named(objects, "ConfigMap", "homeport-settings")["data"]
    assert container["ports"] == [{"name": "watch", "containerPort": int(settings["METRICS_PORT"])}]
    asked = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert asked == {"/health/startup", "/health/live", "/health/ready"}


def test_prometheus_finds_the_port_of_each_part_of_the_server(objects: list[Document]) -> None:
    for name in ("api", *WORKERS, "beat"):
        workload = named(objects, "Deployment", name)
        noted = workload["spec"]["template"]["metadata"]["annotations"]
        ports = [port["containerPort"] for port in containers(workload)[0]["ports"]]
        assert noted == {"prometheus.io/scrape": "true", "prometheus.io/port": str(ports[0])}


def test_what_has_a_port_has_probes(objects: list[Document]) -> None:
    for workload in workloads(objects):
        for container in containers(workload):
            assert ("readinessProbe" in container) == ("livenessProbe" in container) == ("ports" in container)


def test_nothing_is_killed_while_it_ends_in_order(objects: list[Document]) -> None:
    given = named(objects, "ConfigMap", "homeport-settings")["data"]
    settings = read_settings(Sources(environment={"HOMEPORT_STOP_SECONDS": given["HOMEPORT_STOP_SECONDS"]}))
    api = named(objects, "Deployment", "api")
    waits = int(containers(api)[0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod(api)["terminationGracePeriodSeconds"] >= waits + options_of(settings)["graceful_timeout"] + 5
    for name in WORKERS:
        grace = pod(named(objects, "Deployment", name))["terminationGracePeriodSeconds"]
        assert grace >= settings.deployment.homeport_stop_seconds + 15


def test_an_update_of_what_serves_keeps_it_serving(objects: list[Document]) -> None:
    for name in ("api", "web", "sandbox", "ssrf-proxy"):
        assert named(objects, "Deployment", name)["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        named(objects, "PodDisruptionBudget", name)


def test_pods_migrate_themselves_under_the_lock(objects: list[Document]) -> None:
    assert named(objects, "ConfigMap", "homeport-settings")["data"]["MIGRATION_ENABLED"] == "true"
    migration = named(objects, "Job", "migration")
    # It goes away, so that the next version's can be applied.
    assert migration["spec"]["ttlSecondsAfterFinished"] > 0


def test_service_links_reach_only_the_sandbox_and_set_nothing_it_reads(objects: list[Document]) -> None:
    for workload in workloads(objects):
        assert pod(workload)["enableServiceLinks"] is (component(workload) == "sandbox")
    given = variables(containers(named(objects, "Deployment", "sandbox"))[0])
    assert {"SANDBOX_PORT", "WORKER_TIMEOUT", "ENABLE_NETWORK"} <= given.keys()
    assert given["HTTP_PROXY"] == given["HTTPS_PROXY"] == "http://$(SSRF_PROXY_SERVICE_HOST):3128"
    assert named(objects, "Service", "ssrf-proxy")["spec"]["ports"][0]["port"] == 3128
    assert named(objects, "Service", "ssrf-proxy")["spec"].get("clusterIP") != "None"


def test_the_sandbox_accepts_its_settings(objects: list[Document]) -> None:
    given = variables(containers(named(objects, "Deployment", "sandbox"))[0])
    settings = sandbox_settings({**given, "API_KEY": "of-a-test"}, file=None)
    assert settings.port == 8194
    assert set(settings.proxies) == {"HTTP_PROXY", "HTTPS_PROXY"}


def test_the_sandbox_gets_one_secret(objects: list[Document]) -> None:
    for name in ("sandbox", "web", "ssrf-proxy"):
        workload = named(objects, "Deployment", name)
        assert list(find_values(workload, "secretRef")) == []
        keys = [one["key"] for one in find_values(workload, "secretKeyRef")]
        assert keys == (["CODE_EXECUTION_API_KEY"] if name == "sandbox" else [])


def test_autoscalers_have_a_target_whose_replicas_nobody_else_sets(objects: list[Document]) -> None:
    scaled = []
    for scaler in of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject"):
        target = named(objects, "Deployment", scaler["spec"]["scaleTargetRef"]["name"])
        scaled.append(target["metadata"]["name"])
        assert "replicas" not in target["spec"]
    assert len(set(scaled)) == len(scaled)


def test_production_scales_the_api_and_each_worker(resolved: dict[str, list[Document]]) -> None:
    for name in ("production", "keda"):
        scalers = of_kind(resolved[name], "HorizontalPodAutoscaler", "ScaledObject")
        assert {one["spec"]["scaleTargetRef"]["name"] for one in scalers} == {"api", *WORKERS}


def test_the_proxy_starts_from_the_files_of_compose(objects: list[Document]) -> None:
    configuration = named(objects, "ConfigMap", "ssrf-proxy")["data"]
    workload = named(objects, "Deployment", "ssrf-proxy")
    items = next(find_values(pod(workload)["volumes"], "configMap"))["items"]
    for item in items:
        assert configuration[item["key"]] == (ROOT / "deploy" / "proxy" / item["path"]).read_text(encoding="utf-8")
    (mount,) = (one["mountPath"] for one in containers(workload)[0]["volumeMounts"] if one["name"] == "configuration")
    assert containers(workload)[0]["command"][-1] in {f"{mount}/{item['path']}" for item in items}
    assert "/tmp/squid" in configuration["squid-entrypoint.sh"]


def test_the_files_in_the_pod_of_the_proxy_make_a_configuration(objects: list[Document], tmp_path: Path) -> None:
    configuration = named(objects, "ConfigMap", "ssrf-proxy")["data"]
    workload = named(objects, "Deployment", "ssrf-proxy")
    for item in next(find_values(pod(workload)["volumes"], "configMap"))["items"]:
        path = tmp_path / "mounted" / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(configuration[item["key"]], encoding="utf-8")
    (container,) = containers(workload)
    command = container["command"][-1].replace("/etc/homeport", str(tmp_path / "mounted"))
    done = subprocess.run(
        ["sh", command, "--render"],
        env={"PATH": os.environ["PATH"], "SQUID_CONF_DIR": str(tmp_path / "made"), **variables(container)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "made" / "squid.conf").read_text(encoding="utf-8")
    assert f"http_port {container['ports'][0]['containerPort']}\n" in made
    assert "${" not in made


def test_scaled_objects_have_the_fields_that_keda_knows(resolved: dict[str, list[Document]]) -> None:
    for one in of_kind(resolved["keda"], "ScaledObject"):
        assert one["spec"].keys() <= {
            *("scaleTargetRef", "pollingInterval", "cooldownPeriod", "initialCooldownPeriod", "idleReplicaCount"),
            *("minReplicaCount", "maxReplicaCount", "fallback", "advanced", "triggers"),
        }
        assert one["spec"]["fallback"].keys() == {"failureThreshold", "replicas", "behavior"}
        assert one["spec"]["fallback"]["behavior"] == "currentReplicas"
        assert one["spec"]["triggers"][0]["metadata"].keys() == {"serverAddress", "query", "threshold"}


def test_keda_asks_for_the_queues_of_each_worker(resolved: dict[str, list[Document]]) -> None:
    objects = resolved["keda"]
    served = {metric.name for metric in Meters().registry.collect()}
    for one in of_kind(objects, "ScaledObject"):
        name = one["spec"]["scaleTargetRef"]["name"]
        queues = variables(containers(named(objects, "Deployment", name))[0])["CELERY_WORKER_QUEUES"].split(",")
        (trigger,) = one["spec"]["triggers"]
        assert trigger["type"] == "prometheus"
        assert f',queue=~"{"|".join(queues)}"' in trigger["metadata"]["query"]
        (names,) = re.findall(r"homeport_jobs_\((\w+)\|(\w+)\)", trigger["metadata"]["query"])
        for state in names:
            assert f"homeport_jobs_{state}" in served
        assert 1 <= one["spec"]["minReplicaCount"] <= one["spec"]["maxReplicaCount"]


def test_databases_of_a_single_node_keep_their_data(resolved: dict[str, list[Document]]) -> None:
    sets = of_kind(resolved["single-node"], "StatefulSet")
    assert {one["metadata"]["name"] for one in sets} == {"postgres", "redis"}
    assert all(one["spec"]["volumeClaimTemplates"] for one in sets)
    assert not any(of_kind(resolved["production"], "StatefulSet"))


def test_no_secret_ships() -> None:
    assert not [path for path in KUBERNETES.rglob("*.yaml") for one in load_all(path) if one["kind"] == "Secret"]
    for example in KUBERNETES.rglob("secrets.env.example"):
        lines = [line for line in example.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert all(line.endswith("=") for line in lines)
    assert "secrets.env" in (KUBERNETES / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_images_are_those_of_compose() -> None:
    composed = {}
    for path in (ROOT / "deploy" / "compose").glob("docker-compose*.yaml"):
        for service in load_all(path)[0].get("services", {}).values():
            if "image" in service and "$" not in service["image"]:
                name, _, tag = service["image"].partition(":")
                composed[name] = tag
    used = {
        image
        for path in KUBERNETES.rglob("*.yaml")
        for one in load_all(path)
        for image in find_values(one, "image")
        if not image.startswith("homeport/")
    }
    # Qdrant has a variant of each version for users other than root.
    differing = {
        image
        for image in used
        if composed.get(image.partition(":")[0]) != image.partition(":")[2].removesuffix("-unprivileged")
    }
    assert differing == set()


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
@pytest.mark.parametrize("name", OVERLAYS)
def test_kustomize_makes_the_same_of_it(overlays: Path, name: str) -> None:
    command = ["kubectl", "kustomize", str(overlays / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert _by_name(build(overlays / name)) == _by_name(parse_all(done.stdout, "kubectl"))


def _by_name(documents: list[Document]) -> dict[str, Any]:
    return {f"{one['kind']} {one['metadata']['name']}": json.loads(json.dumps(one)) for one in documents}
