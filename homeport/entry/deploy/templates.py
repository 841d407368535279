"""Finds the deployment files: carried by the package, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

from homeport.entry.deploy.errors import TemplatesMissing

_HERE = Path(__file__).parent
#: The wheel carries deploy/ here; in a checkout it lies at the top.
_INSTALLED = _HERE / "files"
_OF_CHECKOUT = _HERE.parents[2] / "deploy"


def templates() -> Path:
    """The folder with `compose`, `kubernetes`, `proxy` and `systemd`; raises `TemplatesMissing`."""
    for folder in (_INSTALLED, _OF_CHECKOUT):
        if (folder / "kubernetes" / "base").is_dir():
            return folder
    raise TemplatesMissing(
        f"The deployment files are missing from this installation; they belong in {_INSTALLED}.",
        hint="Install the released package again, or run the command in a checkout.",
    )
