"""Find the chosen driver, load it, put the guards around it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, cast

from homeport.backends.vectors import drivers
from homeport.backends.vectors.choice import VectorChoice
from homeport.backends.vectors.discover import find_specs
from homeport.backends.vectors.errors import Misconfigured
from homeport.backends.vectors.guards import GuardedVectors
from homeport.backends.vectors.port import VectorStore
from homeport.backends.vectors.settings import VectorSettings
from homeport.backends.vectors.spec import DriverSpec
from homeport.runtime.drivers.find import load_driver as load
from homeport.runtime.drivers.patience import Patience

#: Established values of VECTOR_STORE that have no driver yet; a new folder takes its name off this list.
PLANNED = frozenset(
    {
        "alibabacloud_mysql",
        "analyticdb",
        "baidu",
        "chroma",
        "clickzetta",
        "couchbase",
        "elasticsearch",
        "elasticsearch-ja",
        "huawei_cloud",
        "iris",
        "lindorm",
        "matrixone",
        "milvus",
        "myscale",
        "oceanbase",
        "opengauss",
        "opensearch",
        "oracle",
        "pgvecto-rs",
        "qdrant",
        "redis",
        "relyt",
        "tablestore",
        "tencent",
        "tidb_on_qdrant",
        "tidb_vector",
        "upstash",
        "vastbase",
        "vikingdb",
        "weaviate",
    }
)


class DriverModule(Protocol):
    """What the `driver.py` of every driver offers."""

    async def open_driver(self, settings: VectorChoice, data_dir: Path) -> VectorStore:
        """The bare driver. Raises `Misconfigured`, `Unavailable`."""
        ...


async def open_vectors(settings: VectorSettings, data_dir: Path) -> VectorStore:
    """The vector store the settings choose, guarded; its files lie in `data_dir`. Raises `Misconfigured`."""
    folder, spec = choose(settings)
    assert isinstance(settings, spec.settings)
    driver = await load_driver(folder, spec).open_driver(settings, data_dir)
    patience = Patience(timeout=settings.vector_timeout, attempts=settings.vector_max_attempts)
    return GuardedVectors(driver, spec.name, patience)


def choose(settings: VectorChoice) -> tuple[str, DriverSpec]:
    """Folder and spec of the chosen driver; raises `Misconfigured` with what is accepted."""
    wanted = settings.vector_store
    accepted: set[str] = set()
    for folder, spec in find_specs().items():
        if wanted in {spec.name, *spec.aliases}:
            return folder, spec
        accepted |= {spec.name, *spec.aliases}
    problem = "is not available in this version" if wanted in PLANNED else "is unknown"
    raise Misconfigured(
        f"VECTOR_STORE is {wanted!r}, which {problem}; accepted are {', '.join(sorted(accepted))}.",
        hint="Change VECTOR_STORE.",
    )


def load_driver(folder: str, spec: DriverSpec) -> DriverModule:
    """Import the driver and with it the SDK; a missing SDK is said with the extra to install."""
    module = load(drivers, folder, what=f"The vector store {spec.name}", extra=spec.extra, error=Misconfigured)
    return cast("DriverModule", module)
