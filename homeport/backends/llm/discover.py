"""All drivers there are: a driver is a folder under `drivers/`, there is no other list."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from homeport.backends.llm import drivers
from homeport.backends.llm.spec import DriverSpec
from homeport.runtime.drivers.find import specs_below


@cache
def find_specs() -> Mapping[str, DriverSpec]:
    """The spec of every driver by its name; no SDK is imported."""
    return MappingProxyType({spec.name: spec for spec in specs_below(drivers, DriverSpec).values()})
