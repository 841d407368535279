"""Reading and writing YAML: the one place that knows PyYAML, which is an extra."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from homeport.entry.deploy.errors import TemplateUnreadable
from homeport.entry.fleet import ExtraMissing

Document = dict[str, Any]


def load_all(path: Path) -> list[Document]:
    """Every document of the file, empty ones left out. Raises `TemplateUnreadable`, `ExtraMissing`."""
    try:
        return parse_all(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise TemplateUnreadable(f"{path} cannot be read: {error.strerror}.") from error


def parse_all(text: str, origin: str) -> list[Document]:
    """Every document of `text`; `origin` names it in an error."""
    yaml = _yaml()
    try:
        found = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        raise TemplateUnreadable(f"{origin} is not YAML: {' '.join(str(error).split())}.") from error
    if not all(isinstance(document, dict) for document in found):
        raise TemplateUnreadable(f"{origin} holds something else than mappings.")
    return found


def dump_all(documents: Iterable[Document]) -> str:
    """The documents as one text, keys in their order, nothing abbreviated by anchors."""
    yaml = _yaml()

    class Plain(yaml.SafeDumper):  # type: ignore[misc, name-defined] # PyYAML is loaded late
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: ARG002
            return super().increase_indent(flow, False)

    Plain.add_representer(str, _represent_text)
    return "---\n".join(
        yaml.dump(document, Dumper=Plain, sort_keys=False, allow_unicode=True, width=120) for document in documents
    )


def _represent_text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _yaml() -> Any:
    try:
        return importlib.import_module("yaml")
    except ModuleNotFoundError as error:
        raise ExtraMissing(
            "homeport deploy needs PyYAML, which is not installed.", hint="Install it: pip install 'homeport[deploy]'."
        ) from error
