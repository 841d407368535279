"""The part of kustomize that the files under deploy/kubernetes use, so that they can be resolved without it.

What is not understood is refused, never passed over. The result is that of `kustomize build`, which tests compare.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homeport.entry.deploy.errors import TemplateUnreadable
from homeport.entry.deploy.merge_patch import merge
from homeport.entry.deploy.read_yaml import Document, load_all, parse_all

FILE = "kustomization.yaml"
_UNDERSTOOD = {
    *("apiVersion", "kind", "namespace", "resources", "components", "labels", "images", "patches", "replicas"),
    *("configMapGenerator", "secretGenerator"),
}
_CLUSTER_WIDE = {"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "StorageClass"}
_SCALED = {"Deployment", "StatefulSet"}
#: What others need comes first; the rest follows in the order of its files.
_ORDER = ["Namespace", "ConfigMap", "Secret", "PersistentVolumeClaim", "Service"]


@dataclass
class _Generated:
    """A ConfigMap or Secret that is being put together; later ones of the same name add to it."""

    kind: str
    name: str
    metadata: Document = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return f"{self.name}-{self.hash()}"

    def as_document(self) -> Document:
        head: Document = {"apiVersion": "v1", "kind": self.kind, "metadata": {"name": self.full_name} | self.metadata}
        if self.kind == "Secret":
            return head | {"type": "Opaque", "data": {name: _base64(text) for name, text in self.data.items()}}
        return head | {"data": dict(self.data)}

    def hash(self) -> str:
        """The suffix kustomize gives: new content is a new object, and so a rollout of whoever uses it."""
        secret = self.kind == "Secret"
        data = {name: _base64(text) if secret else text for name, text in sorted(self.data.items())}
        content: dict[str, Any] = {"data": data or "", "kind": self.kind, "name": ""}
        if secret:
            content["type"] = "Opaque"
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        for character, escaped in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e")):
            text = text.replace(character, escaped)
        return hashlib.sha256(text.encode()).hexdigest()[:10].translate(str.maketrans("013ae", "ghkmt"))


@dataclass
class _Pile:
    """What has been collected so far."""

    documents: list[Document] = field(default_factory=list)
    generated: dict[tuple[str, str], _Generated] = field(default_factory=dict)


def build(folder: Path, content: Document | None = None) -> list[Document]:
    """The objects of the kustomization in `folder`, or of `content` as if it stood there, in the order to apply them.

    Raises `TemplateUnreadable` for what it does not understand.
    """
    pile = _Pile()
    _accumulate(pile, folder, content)
    renamed = {(one.kind, one.name): one.full_name for one in pile.generated.values()}
    documents = [_refer(document, renamed) for document in pile.documents]
    documents += [one.as_document() for one in pile.generated.values()]
    order = {kind: place for place, kind in enumerate(_ORDER)}
    return sorted(documents, key=lambda document: order.get(document["kind"], len(order)))


def _accumulate(pile: _Pile, folder: Path, content: Document | None = None) -> None:
    """One kustomization: its resources, components and generators, then its changes to all of it."""
    wanted = content if content is not None else _only(load_all(folder / FILE), folder / FILE)
    unknown = set(wanted) - _UNDERSTOOD
    if unknown:
        raise TemplateUnreadable(f"{folder / FILE} uses {', '.join(sorted(unknown))}, which is not understood here.")
    below = _Pile()
    for entry in wanted.get("resources", ()):
        path = folder / entry
        if path.is_dir():
            _accumulate(below, path)
        else:
            below.documents += load_all(path)
    if wanted.get("kind") == "Component":
        _join(pile, below)
        below = pile
    for entry in wanted.get("components", ()):
        _accumulate(below, folder / entry)
    for kind, key in (("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator")):
        for entry in wanted.get(key, ()):
            _generate(below, folder, kind, entry)
    _transform(below, folder, wanted)
    if below is not pile:
        _join(pile, below)


def _join(pile: _Pile, other: _Pile) -> None:
    pile.documents += other.documents
    pile.generated |= other.generated


def _generate(pile: _Pile, folder: Path, kind: str, entry: Document) -> None:
    unknown = set(entry) - {"name", "behavior", "envs", "files", "literals"}
    if unknown:
        raise TemplateUnreadable(f"{folder / FILE}: a generator uses {', '.join(sorted(unknown))}.")
    key = (kind, entry["name"])
    merging = entry.get("behavior") == "merge"
    if merging != (key in pile.generated):
        raise TemplateUnreadable(
            f"{folder / FILE}: {entry['name']} is {'not there to be merged' if merging else 'twice'}."
        )
    made = pile.generated.setdefault(key, _Generated(*key))
    for name in entry.get("envs", ()):
        made.data |= _read_lines(folder / name)
    for text in entry.get("files", ()):
        name, _, path = text.rpartition("=")
        made.data[name or Path(path).name] = _read(folder / path)
    for text in entry.get("literals", ()):
        name, _, value = text.partition("=")
        made.data[name] = value


def _transform(pile: _Pile, folder: Path, wanted: Document) -> None:
    for patch in wanted.get("patches", ()):
        _patch(pile, folder, patch)
    _stamp(pile, folder, wanted)
    for entry in wanted.get("replicas", ()):
        for document in pile.documents:
            if document["kind"] in _SCALED and document["metadata"]["name"] == entry["name"]:
                document["spec"]["replicas"] = entry["count"]
    for entry in wanted.get("images", ()):
        for document in pile.documents:
            _set_image(document, entry)


def _stamp(pile: _Pile, folder: Path, wanted: Document) -> None:
    """The namespace and the labels."""
    cluster_wide = [one["metadata"] for one in pile.documents if one["kind"] in _CLUSTER_WIDE]
    namespaced = [one["metadata"] for one in pile.documents if one["kind"] not in _CLUSTER_WIDE]
    namespaced += [made.metadata for made in pile.generated.values()]
    if "namespace" in wanted:
        for metadata in namespaced:
            metadata["namespace"] = wanted["namespace"]
    for entry in wanted.get("labels", ()):
        if set(entry) != {"pairs"}:
            raise TemplateUnreadable(f"{folder / FILE}: labels are understood with pairs alone.")
        for metadata in cluster_wide + namespaced:
            metadata["labels"] = metadata.get("labels", {}) | entry["pairs"]


def _patch(pile: _Pile, folder: Path, entry: Document) -> None:
    origin = str(folder / entry.get("path", FILE))
    text = _read(folder / entry["path"]) if "path" in entry else entry["patch"]
    patch = _only(parse_all(text, origin), Path(origin))
    target = entry.get("target") or {"kind": f"^{patch['kind']}$", "name": f"^{patch['metadata']['name']}$"}
    unknown = set(target) - {"kind", "name", "labelSelector"}
    if unknown:
        raise TemplateUnreadable(f"{origin}: a target uses {', '.join(sorted(unknown))}.")
    body = {key: value for key, value in patch.items() if key not in ("apiVersion", "kind", "metadata")}
    kept = []
    for document in pile.documents:
        changed = merge(document, body) if _is_target(document, target) else document
        if changed is not None:
            kept.append(changed)
    if "target" not in entry and kept == pile.documents:
        raise TemplateUnreadable(f"{origin} changes nothing: there is no such object.")
    pile.documents = kept


def _is_target(document: Document, target: Document) -> bool:
    labels = document["metadata"].get("labels", {})
    wanted = dict(pair.split("=", 1) for pair in target.get("labelSelector", "").split(",") if pair)
    return (
        re.fullmatch(target.get("kind", ".*"), document["kind"]) is not None
        and re.fullmatch(target.get("name", ".*"), document["metadata"]["name"]) is not None
        and wanted.items() <= labels.items()
    )


def _set_image(node: Any, entry: Document) -> None:
    """Wherever the image is used, at any depth."""
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _set_image(value, entry)
    if isinstance(node, dict) and isinstance(node.get("image"), str):
        name, _, tag = node["image"].partition(":")
        if name == entry["name"]:
            tag = str(entry.get("newTag", tag))
            node["image"] = entry.get("newName", name) + (f":{tag}" if tag else "")


def _refer(node: Any, renamed: dict[tuple[str, str], str]) -> Any:
    """A copy in which generated ConfigMaps and Secrets are called by their whole names."""
    if isinstance(node, list):
        return [_refer(item, renamed) for item in node]
    if not isinstance(node, dict):
        return deepcopy(node)
    copy = {key: _refer(value, renamed) for key, value in node.items()}
    for place, kind, names in (
        ("configMapRef", "ConfigMap", ("name",)),
        ("configMapKeyRef", "ConfigMap", ("name",)),
        ("configMap", "ConfigMap", ("name",)),
        ("secretRef", "Secret", ("name",)),
        ("secretKeyRef", "Secret", ("name",)),
        ("secret", "Secret", ("secretName", "name")),
    ):
        found = copy.get(place)
        if not isinstance(found, dict):
            continue
        for name in names:
            if isinstance(found.get(name), str):
                found[name] = renamed.get((kind, found[name]), found[name])
    return copy


def _only(documents: Iterable[Document], path: Path) -> Document:
    found = list(documents)
    if len(found) != 1:
        raise TemplateUnreadable(f"{path} holds {len(found)} documents; accepted is one.")
    return found[0]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise TemplateUnreadable(f"{path} cannot be read: {error.strerror}.") from error


def _read_lines(path: Path) -> dict[str, str]:
    """NAME=value lines as kustomize reads them: literally, quotes included."""
    lines = [line.strip() for line in _read(path).splitlines()]
    wanted = [line for line in lines if line and not line.startswith("#")]
    if not all("=" in line for line in wanted):
        raise TemplateUnreadable(f"{path} has a line that is not NAME=value.")
    return dict(line.split("=", 1) for line in wanted)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
