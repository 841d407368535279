"""The Kubernetes files as a cluster would get them, and what can be asked of them."""

from __future__ import annotations

import ipaddress
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from homeport.entry.deploy.kustomize import build
from homeport.entry.deploy.read_yaml import Document
from tests.support.source_tree import ROOT

KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("single-node", "production", "keda")
_NAME = "app.kubernetes.io/component"
_WITH_PODS = {"Deployment", "StatefulSet", "Job"}


def copy_with_secrets(folder: Path) -> Path:
    """A copy of the deployment files in which an operator has filled in every secret; answers the overlays' folder."""
    shutil.copytree(KUBERNETES, folder / "kubernetes", ignore=shutil.ignore_patterns("secrets.env"))
    shutil.copytree(ROOT / "deploy" / "proxy", folder / "proxy")
    for example in (folder / "kubernetes").rglob("secrets.env.example"):
        lines = example.read_text(encoding="utf-8").splitlines()
        filled = [f"{line}of-a-test" if line.endswith("=") else line for line in lines]
        example.with_name("secrets.env").write_text("\n".join(filled) + "\n", encoding="utf-8")
    return folder / "kubernetes" / "overlays"


def resolve(overlays: Path) -> dict[str, list[Document]]:
    """The objects of every overlay."""
    return {name: build(overlays / name) for name in OVERLAYS}


def of_kind(objects: list[Document], *kinds: str) -> list[Document]:
    """The objects of these kinds."""
    return [one for one in objects if one["kind"] in kinds]


def named(objects: list[Document], kind: str, name: str) -> Document:
    """The object of this kind and name, with or without the suffix of its content."""
    found = [one for one in of_kind(objects, kind) if one["metadata"]["name"] in (name, _plain(one, name))]
    assert len(found) == 1, f"{kind} {name}: {len(found)}"
    return found[0]


def _plain(one: Document, name: str) -> str:
    whole = str(one["metadata"]["name"])
    return whole if whole.startswith(f"{name}-") and len(whole) == len(name) + 11 else ""


def workloads(objects: list[Document]) -> list[Document]:
    """Everything that runs pods."""
    return of_kind(objects, *_WITH_PODS)


def component(workload: Document) -> str:
    """Which part a workload is."""
    return str(pod_labels(workload)[_NAME])


def pod_labels(workload: Document) -> dict[str, str]:
    """The labels of its pods."""
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def pod(workload: Document) -> Document:
    """What its pods are."""
    spec: Document = workload["spec"]["template"]["spec"]
    return spec


def containers(workload: Document) -> list[Document]:
    """Every container of its pods."""
    return [*pod(workload).get("initContainers", []), *pod(workload)["containers"]]


def variables(container: Document) -> dict[str, str]:
    """What its `env` says by value."""
    return {one["name"]: one["value"] for one in container.get("env", []) if "value" in one}


def is_selected(selector: Document, labels: dict[str, str]) -> bool:
    """Whether a label selector takes these labels; an empty one takes all."""
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items() and all(
        expression["operator"] == "In" and labels.get(expression["key"]) in expression["values"]
        for expression in selector.get("matchExpressions", [])
    )


def find_values(node: Any, key: str) -> Iterator[Any]:
    """Every value of `key` at any depth."""
    if isinstance(node, dict):
        if key in node:
            yield node[key]
        for value in node.values():
            yield from find_values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from find_values(value, key)


def assert_restricted(objects: list[Document]) -> None:
    """Every pod is an ordinary user on a read-only disk, has what it mounts and mounts what it has."""
    for workload in workloads(objects):
        spec, security = pod(workload), pod(workload)["securityContext"]
        assert spec["automountServiceAccountToken"] is False
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert all({"emptyDir", "persistentVolumeClaim", "configMap"} & volume.keys() for volume in spec["volumes"])
        volumes = {volume["name"] for volume in spec["volumes"]}
        volumes |= {one["metadata"]["name"] for one in workload["spec"].get("volumeClaimTemplates", [])}
        assert {mount["name"] for one in containers(workload) for mount in one["volumeMounts"]} == volumes
        for container in containers(workload):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "memory" in container["resources"]["limits"]
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
            assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}


class Network:
    """What the NetworkPolicies let through: both sides have to agree, as in a cluster."""

    def __init__(self, objects: list[Document]) -> None:
        self._policies = [one["spec"] for one in of_kind(objects, "NetworkPolicy")]
        self._workloads = {component(one): one for one in workloads(objects)}

    def lets(self, source: str, target: str, port: int) -> bool:
        """Whether pods of `source` reach `target`: a component, an IP address, or `namespace:` and its name.

        `source` may be `namespace:` and a name as well.
        """
        return self._one_side(source, target, "Egress", port) and self._one_side(target, source, "Ingress", port)

    def _one_side(self, subject: str, peer: str, direction: str, port: int) -> bool:
        if subject not in self._workloads:
            return True  # elsewhere; not ours to say
        labels = pod_labels(self._workloads[subject])
        mine = [
            policy
            for policy in self._policies
            if direction in policy["policyTypes"] and is_selected(policy["podSelector"], labels)
        ]
        rules = [rule for policy in mine for rule in policy.get(direction.lower(), [])]
        place = subject if direction == "Ingress" else peer
        return not mine or any(
            self._has_port(rule, place, port)
            and any(self._is_peer(one, peer) for one in rule.get("to" if direction == "Egress" else "from", []))
            for rule in rules
        )

    def _has_port(self, rule: Document, place: str, port: int) -> bool:
        named_ports = {
            one["name"]: one["containerPort"]
            for workload in ([self._workloads[place]] if place in self._workloads else [])
            for container in containers(workload)
            for one in container.get("ports", [])
        }
        allowed = [one["port"] for one in rule.get("ports", [])]
        return not allowed or any(named_ports.get(one, one) == port for one in allowed)

    def _is_peer(self, one: Document, peer: str) -> bool:
        if "ipBlock" in one:
            return _is_in(one["ipBlock"], peer)
        if "namespaceSelector" in one:
            labels = {"kubernetes.io/metadata.name": peer.removeprefix("namespace:")}
            return peer.startswith("namespace:") and is_selected(one["namespaceSelector"], labels)
        return peer in self._workloads and is_selected(one["podSelector"], pod_labels(self._workloads[peer]))


def _is_in(block: Document, peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    networks = [ipaddress.ip_network(text) for text in (block["cidr"], *block.get("except", []))]
    return address in networks[0] and not any(address in network for network in networks[1:])
