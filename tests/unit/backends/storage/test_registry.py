from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from homeport.backends.storage import drivers, registry
from homeport.backends.storage.discover import find_specs
from homeport.backends.storage.drivers.memory.spec import SPEC as MEMORY
from homeport.backends.storage.drivers.s3.driver import s3_options
from homeport.backends.storage.drivers.s3.spec import S3Settings
from homeport.backends.storage.errors import Misconfigured
from homeport.backends.storage.settings import StorageSettings
from homeport.backends.storage.spec import DriverSpec
from homeport.runtime.config.load import load
from homeport.runtime.config.sources import Sources

ACCEPTED = "accepted are fs, local, memory, opendal, s3"


class Settings(BaseModel):
    """A settings tree with this family alone."""

    storage: StorageSettings


def _loaded(**environment: str) -> StorageSettings:
    return load(Settings, Sources(environment)).storage


def test_every_driver_folder_has_a_spec_of_its_own_name() -> None:
    assert {"fs", "memory", "s3"} <= set(find_specs())
    assert {folder: spec.name.replace("-", "_") for folder, spec in find_specs().items()} == {
        folder: folder for folder in find_specs()
    }


def test_settings_are_every_drivers_own_section_too() -> None:
    settings = StorageSettings()
    assert all(isinstance(settings, spec.settings) for spec in find_specs().values())
    assert not registry.PLANNED & {spec.name for spec in find_specs().values()}


def test_finding_drivers_loads_no_sdk() -> None:
    code = "import sys, homeport.backends.storage.registry; sys.exit('opendal' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({}, "fs"),
        ({"STORAGE_TYPE": "opendal"}, "fs"),
        ({"STORAGE_TYPE": "opendal", "OPENDAL_SCHEME": "memory"}, "memory"),
        ({"STORAGE_TYPE": "opendal", "OPENDAL_SCHEME": "s3"}, "s3"),
        ({"STORAGE_TYPE": "s3", "OPENDAL_SCHEME": "fs"}, "s3"),
        ({"STORAGE_TYPE": "local"}, "fs"),
        ({"STORAGE_TYPE": "memory"}, "memory"),
    ],
)
def test_the_environment_chooses_the_driver(environment: dict[str, str], folder: str) -> None:
    assert registry.choose(_loaded(**environment))[0] == folder


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"STORAGE_TYPE": "floppy"},
            f"STORAGE_TYPE is 'floppy', which is unknown; {ACCEPTED}.",
        ),
        (
            {"STORAGE_TYPE": "azure-blob"},
            f"STORAGE_TYPE is 'azure-blob', which is not available in this version; {ACCEPTED}.",
        ),
        (
            {"OPENDAL_SCHEME": "local"},
            "OPENDAL_SCHEME is 'local', which is unknown; accepted are fs, memory, s3.",
        ),
    ],
)
async def test_a_wrong_name_is_one_sentence(environment: dict[str, str], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        await registry.open_storage(_loaded(**environment), tmp_path)
    assert caught.value.message == sentence
    assert caught.value.hint == f"Change {sentence.split(maxsplit=1)[0]}."


def test_a_missing_sdk_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "floppy"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "driver.py").write_text("import a_package_nobody_has\n")
    monkeypatch.setattr(drivers, "__path__", [*drivers.__path__, str(tmp_path)])
    spec = DriverSpec(name="floppy", settings=MEMORY.settings, capabilities=MEMORY.capabilities, extra="floppy")
    with pytest.raises(Misconfigured) as caught:
        registry.load_driver("floppy", spec)
    assert str(caught.value) == (
        "The storage floppy needs the package 'a_package_nobody_has', which is not installed. "
        "Install it: pip install 'homeport[floppy]'."
    )


def test_a_module_of_ours_that_is_missing_is_a_bug_not_a_missing_package() -> None:
    spec = DriverSpec(name="nowhere", settings=MEMORY.settings, capabilities=MEMORY.capabilities, extra="floppy")
    with pytest.raises(ModuleNotFoundError):
        registry.load_driver("nowhere", spec)


@pytest.mark.parametrize(
    ("change", "virtual"),
    [
        ({}, True),
        ({"s3_bucket_name": "with.dot"}, False),
        ({"s3_endpoint": "http://127.0.0.1:9000"}, False),
        ({"s3_endpoint": "http://127.0.0.1:9000", "s3_address_style": "virtual"}, True),
        ({"s3_address_style": "path"}, False),
    ],
)
def test_the_bucket_stands_where_the_address_style_says(change: dict[str, str], virtual: bool) -> None:
    settings = S3Settings.model_validate(
        {"s3_bucket_name": "bucket", "s3_access_key": "a", "s3_secret_key": "b", **change}
    )
    assert (s3_options(settings).get("enable_virtual_host_style") == "true") == virtual


def test_the_machines_role_is_asked_only_when_told_so() -> None:
    with_role = s3_options(S3Settings(s3_bucket_name="bucket", s3_use_aws_managed_iam=True))
    assert with_role == {"bucket": "bucket", "region": "us-east-1", "enable_virtual_host_style": "true"}
    with_keys = s3_options(
        S3Settings.model_validate({"s3_bucket_name": "bucket", "s3_access_key": "a", "s3_secret_key": "b"})
    )
    assert with_keys["disable_config_load"] == with_keys["disable_ec2_metadata"] == "true"
