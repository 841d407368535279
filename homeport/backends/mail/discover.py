"""All drivers there are: a driver is a folder under `drivers/`, there is no other list."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType

from homeport.backends.mail import drivers
from homeport.backends.mail.spec import DriverSpec


@cache
def find_specs() -> MappingProxyType[str, DriverSpec]:
    """The spec of every driver by its folder; no library is imported."""
    folders = sorted(module.name for module in pkgutil.iter_modules(drivers.__path__) if module.ispkg)
    return MappingProxyType(
        {folder: importlib.import_module(f"{drivers.__name__}.{folder}.spec").SPEC for folder in folders}
    )
