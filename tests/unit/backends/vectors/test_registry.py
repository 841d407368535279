from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from homeport.backends.vectors import drivers, registry
from homeport.backends.vectors.discover import find_specs
from homeport.backends.vectors.drivers.memory.spec import SPEC as MEMORY
from homeport.backends.vectors.errors import Misconfigured
from homeport.backends.vectors.settings import VectorSettings
from homeport.backends.vectors.spec import DriverSpec
from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.load import load
from homeport.runtime.config.sources import Sources

ACCEPTED = "accepted are memory, pgvector, sqlite"


class Settings(BaseModel):
    """A settings tree with this family alone."""

    vectors: VectorSettings


def _loaded(**environment: str) -> VectorSettings:
    return load(Settings, Sources(environment)).vectors


def test_every_driver_folder_has_a_spec_of_its_own_name() -> None:
    assert {folder: spec.name.replace("-", "_") for folder, spec in find_specs().items()} == {
        folder: folder for folder in find_specs()
    }
    assert set(find_specs()) == {"memory", "pgvector", "sqlite"}


def test_settings_are_every_drivers_own_section_too() -> None:
    settings = VectorSettings()
    assert all(isinstance(settings, spec.settings) for spec in find_specs().values())
    assert not registry.PLANNED & {spec.name for spec in find_specs().values()}


def test_the_default_is_a_file_and_needs_no_numpy_to_store_and_find(tmp_path: Path) -> None:
    code = f"""
import asyncio, sys
from pathlib import Path
from homeport.backends.vectors.port import Point
from homeport.backends.vectors.registry import open_vectors
from homeport.backends.vectors.settings import VectorSettings

assert not {{"apsw", "asyncpg", "numpy"}} & set(sys.modules)

async def main():
    vectors = await open_vectors(VectorSettings(), Path({str(tmp_path)!r}))
    await vectors.create("kb", 2)
    await vectors.add_texts([Point("a", "kb", "d", "text", [1.0, 0.0])])
    assert len(await vectors.search_by_vector("kb", [1.0, 0.0], 1)) == 1
    await vectors.close()

asyncio.run(main())
assert "apsw" in sys.modules and not {{"asyncpg", "numpy"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "vectors.db").is_file()


@pytest.mark.parametrize(
    ("wanted", "problem"), [("weaviate", "is not available in this version"), ("shoebox", "is unknown")]
)
async def test_a_name_without_a_driver_is_one_sentence(wanted: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        await registry.open_vectors(_loaded(VECTOR_STORE=wanted), tmp_path)
    assert str(caught.value) == f"VECTOR_STORE is {wanted!r}, which {problem}; {ACCEPTED}. Change VECTOR_STORE."


def test_established_variables_reach_the_driver() -> None:
    settings = _loaded(
        VECTOR_STORE="pgvector",
        PGVECTOR_HOST="db",
        PGVECTOR_PORT="5432",
        PGVECTOR_USER="me",
        PGVECTOR_PASSWORD="secret",
        PGVECTOR_DATABASE="vectors",
        PGVECTOR_MAX_CONNECTION="9",
        VECTOR_INDEX_NAME_PREFIX="Vector_index",
    )
    assert registry.choose(settings)[0] == "pgvector"
    assert settings.model_dump(include={"pgvector_host", "pgvector_port", "pgvector_max_connection"}) == {
        "pgvector_host": "db",
        "pgvector_port": 5432,
        "pgvector_max_connection": 9,
    }
    assert "secret" not in repr(settings)


def test_a_prefix_that_could_end_a_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="VECTOR_INDEX_NAME_PREFIX"):
        _loaded(VECTOR_INDEX_NAME_PREFIX='x"; DROP TABLE y')


def test_a_missing_sdk_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "shoebox"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "driver.py").write_text("import a_package_nobody_has\n")
    monkeypatch.setattr(drivers, "__path__", [*drivers.__path__, str(tmp_path)])
    spec = DriverSpec(name="shoebox", settings=MEMORY.settings, capabilities=MEMORY.capabilities, extra="shoebox")
    with pytest.raises(Misconfigured) as caught:
        registry.load_driver("shoebox", spec)
    assert str(caught.value) == (
        "The vector store shoebox needs the package 'a_package_nobody_has', which is not installed. "
        "Install it: pip install 'homeport[shoebox]'."
    )
