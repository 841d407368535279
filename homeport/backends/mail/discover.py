"""All drivers there are: a driver is a folder under `drivers/`, there is no other list."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from homeport.backends.mail import drivers
from homeport.backends.mail.spec import DriverSpec
from homeport.runtime.drivers.find import specs_below


@cache
def find_specs() -> Mapping[str, DriverSpec]:
    """The spec of every driver by its folder; no SDK is imported."""
    return specs_below(drivers, DriverSpec)
