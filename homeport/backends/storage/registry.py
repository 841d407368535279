"""Find the chosen driver, load it, put the guards around it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, cast

from homeport.backends.storage import drivers
from homeport.backends.storage.choice import StorageChoice
from homeport.backends.storage.discover import find_specs
from homeport.backends.storage.errors import Misconfigured
from homeport.backends.storage.guards import GuardedStorage
from homeport.backends.storage.port import Storage
from homeport.backends.storage.settings import StorageSettings
from homeport.backends.storage.spec import DriverSpec
from homeport.runtime.drivers.find import load_driver as load
from homeport.runtime.drivers.patience import Patience

#: Established values of STORAGE_TYPE that have no driver yet; a new folder takes its name off this list.
PLANNED = frozenset(
    {
        "aliyun-oss",
        "azure-blob",
        "baidu-obs",
        "clickzetta-volume",
        "google-storage",
        "huawei-obs",
        "oci-storage",
        "supabase",
        "tencent-cos",
        "volcengine-tos",
    }
)


class DriverModule(Protocol):
    """What the `driver.py` of every driver offers."""

    async def open_driver(self, settings: StorageChoice, data_dir: Path) -> Storage:
        """The bare driver; it opens no connection before it is used. Raises `Misconfigured`."""
        ...


async def open_storage(settings: StorageSettings, data_dir: Path) -> Storage:
    """The storage the settings choose, guarded; relative folders lie under `data_dir`. Raises `Misconfigured`.

    A process that forks opens and uses it after the fork: an SDK's threads stay behind in the parent.
    """
    folder, spec = choose(settings)
    assert isinstance(settings, spec.settings)
    driver = await load_driver(folder, spec).open_driver(settings, data_dir)
    patience = Patience(timeout=settings.storage_timeout, attempts=settings.storage_max_attempts)
    return GuardedStorage(driver, spec.name, patience)


def choose(settings: StorageChoice) -> tuple[str, DriverSpec]:
    """Folder and spec of the chosen driver; raises `Misconfigured` with what is accepted."""
    variable, wanted = "STORAGE_TYPE", settings.storage_type
    accepted = {"opendal"}
    if settings.uses_opendal_options():
        variable, wanted, accepted = "OPENDAL_SCHEME", settings.opendal_scheme, set()
    for folder, spec in find_specs().items():
        if wanted == spec.name or (variable == "STORAGE_TYPE" and wanted in spec.aliases):
            return folder, spec
        accepted |= {spec.name, *(spec.aliases if variable == "STORAGE_TYPE" else ())}
    problem = "is not available in this version" if wanted in PLANNED else "is unknown"
    raise Misconfigured(
        f"{variable} is {wanted!r}, which {problem}; accepted are {', '.join(sorted(accepted))}.",
        hint=f"Change {variable}.",
    )


def load_driver(folder: str, spec: DriverSpec) -> DriverModule:
    """Import the driver and with it the SDK; a missing SDK is said with the extra to install."""
    module = load(drivers, folder, what=f"The storage {spec.name}", extra=spec.extra, error=Misconfigured)
    return cast("DriverModule", module)
