"""A strategic merge: a patch laid over a Kubernetes object, lists of named things merged by their names."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from homeport.entry.deploy.errors import TemplateUnreadable

#: Lists whose items have a name, and what it is; of several the first that an item has.
_NAMED = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "volumeMounts": ("mountPath",),
    "ports": ("containerPort", "port"),
}
#: Lists that a patch replaces as a whole.
_WHOLE = {"envFrom", "tls", "rules", "metrics", "args", "command", "accessModes", "drop", "add", "tolerations"}
_DIRECTIVE = "$patch"


def merge(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any] | None:
    """`target` with `patch` laid over it; None when the patch deletes it. Neither argument is changed.

    A null removes a field. Raises `TemplateUnreadable` for a list of which it is not known how it is merged.
    """
    if patch.get(_DIRECTIVE) == "delete":
        return None
    merged = deepcopy(target)
    for key, value in patch.items():
        if key == _DIRECTIVE:
            continue
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            below = merge(merged[key], value)
            if below is None:
                del merged[key]
            else:
                merged[key] = below
        elif isinstance(value, list) and isinstance(merged.get(key), list):
            merged[key] = _merge_lists(key, merged[key], value)
        else:
            merged[key] = deepcopy(value)
    return merged


def _merge_lists(key: str, target: list[Any], patch: list[Any]) -> list[Any]:
    if key in _WHOLE:
        return deepcopy(patch)
    if key not in _NAMED:
        raise TemplateUnreadable(f"It is not known how a patch of the list {key!r} is merged.")
    known = {_name(key, item) for item in target}
    by_name = {_name(key, item): item for item in patch}
    merged = [merge(item, by_name[_name(key, item)]) if _name(key, item) in by_name else item for item in target]
    # New items come first, as kustomize has it.
    new = [deepcopy(item) for name, item in by_name.items() if name not in known and item.get(_DIRECTIVE) != "delete"]
    return new + [item for item in merged if item is not None]


def _name(key: str, item: dict[str, Any]) -> Any:
    return next((item[name] for name in _NAMED[key] if name in item), None)
