"""Look whether the packages of a driver are installed, without importing any."""

from __future__ import annotations

from importlib.util import find_spec

from homeport.backends.llm.errors import Misconfigured
from homeport.backends.llm.spec import DriverSpec


def find_missing(spec: DriverSpec) -> str | None:
    """The first package the driver lacks, or None when it can be used."""
    return next((package for package in spec.packages if find_spec(package) is None), None)


def refuse_if_missing(spec: DriverSpec) -> None:
    """Raise `Misconfigured` with everything to install when a package is missing."""
    missing = find_missing(spec)
    if missing is not None:
        raise Misconfigured(
            f"The model driver {spec.name} needs the package {missing!r}, which is not installed.",
            hint=f"Install it: {how_to_install(spec, missing)}.",
        )


def how_to_install(spec: DriverSpec, missing: str) -> str:
    """The commands that bring everything the driver needs."""
    commands = [f"pip install '{f'homeport[{spec.extra}]' if spec.extra else missing}'"]
    return " and ".join([*commands, *([spec.install_also] if spec.install_also else [])])
