"""Drivers are folders: finding them, composing their settings, importing the chosen one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar, cast

from pydantic import create_model

from homeport.runtime.config.section import Section
from homeport.runtime.errors import HomeportError

Spec = TypeVar("Spec")


def specs_below(drivers: ModuleType, kind: type[Spec]) -> Mapping[str, Spec]:
    """The constant `SPEC` of every driver below the package `drivers`, by its folder; no SDK is imported."""
    folders = sorted(module.name for module in pkgutil.iter_modules(drivers.__path__) if module.ispkg)
    found = {folder: importlib.import_module(f"{drivers.__name__}.{folder}.spec").SPEC for folder in folders}
    assert all(isinstance(spec, kind) for spec in found.values())
    return MappingProxyType(found)


def every_section(choice: type[Section], sections: Iterable[type[Section]]) -> type[Section]:
    """A model with the fields of the family's `choice` and of all its drivers' sections.

    An instance is also an instance of each driver's own section, and is handed to the chosen driver as that.
    """
    # A set: drivers without settings of their own share the choice, and no class may inherit one base twice.
    own = sorted(set(sections) - {choice}, key=lambda section: section.__name__)
    return cast("type[Section]", create_model("_EveryDriver", __base__=(*own, choice)))


def load_driver(drivers: ModuleType, folder: str, *, what: str, extra: str | None, error: type[HomeportError]) -> Any:
    """Import the module `driver` of the folder, and with it the SDK.

    Where the SDK is missing it raises `error` in a sentence about `what`, with the extra that brings it.
    """
    try:
        return importlib.import_module(f"{drivers.__name__}.{folder}.driver")
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith("homeport"):
            raise
        wanted = f"homeport[{extra}]" if extra else missing.name
        raise error(
            f"{what} needs the package {missing.name!r}, which is not installed.",
            hint=f"Install it: pip install '{wanted}'.",
        ) from missing
