"""All drivers there are: a driver is a folder under `drivers/`, there is no other list."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from homeport.backends.tracing import drivers
from homeport.backends.tracing.spec import DriverSpec
from homeport.runtime.drivers.find import specs_below


@cache
def find_specs() -> Mapping[str, DriverSpec]:
    """The spec of every driver by its folder."""
    return specs_below(drivers, DriverSpec)
