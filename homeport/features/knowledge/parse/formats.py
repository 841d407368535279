"""The accepted kinds of files: one table for uploads, parsing and the sentence that names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from homeport.features.knowledge.errors import UnsupportedFileType


@dataclass(frozen=True, slots=True)
class Format:
    """`kind`: the format in words. `family`: the module in this folder that reads it. `container`: what its bytes are.

    `light`: whether it is read without a library, so that a small file needs no child process.
    """

    kind: str
    family: str
    container: str = "text"
    light: bool = False


def _each(
    extensions: str, kind: str, family: str, container: str = "text", *, light: bool = False
) -> dict[str, Format]:
    return {extension: Format(kind, family, container, light) for extension in extensions.split()}


_SOURCE_CODE = (
    "py pyi js mjs cjs jsx ts tsx vue svelte java kt kts scala groovy c h cc cpp cxx hpp hh cs go rs rb php swift m mm "
    "dart lua pl pm r jl hs ex exs erl clj fs vb sql sh bash zsh ps1 bat tf proto graphql css scss less dockerfile"
)

#: Format by extension, in lower case without a dot.
ACCEPTED: Mapping[str, Format] = MappingProxyType(
    {
        **_each("txt text log rst adoc tex", "text", "plain", light=True),
        **_each("md markdown mdx", "Markdown", "plain", light=True),
        **_each("html htm xhtml", "HTML", "html_page"),
        **_each("csv tsv", "table", "delimited", light=True),
        **_each("pdf", "PDF", "pdf", "pdf"),
        **_each("docx", "Word", "word", "zip"),
        **_each("pptx", "PowerPoint", "slides", "zip"),
        **_each("xlsx ods", "spreadsheet", "sheets", "zip"),
        **_each("xls", "spreadsheet", "sheets", "ole"),
        **_each("epub", "e-book", "epub", "zip"),
        **_each("eml", "e-mail", "mail"),
        **_each("json jsonl ndjson", "JSON", "json_text", light=True),
        **_each("xml", "XML", "plain", light=True),
        **_each("yaml yml toml ini cfg conf properties", "settings", "plain", light=True),
        **_each("vtt srt", "subtitles", "captions", light=True),
        **_each(_SOURCE_CODE, "source code", "plain", light=True),
    }
)

_INSTEAD = {
    "doc": "Save it as docx.",
    "dot": "Save it as docx.",
    "odt": "Save it as docx.",
    "rtf": "Save it as docx.",
    "pages": "Save it as docx or PDF.",
    "ppt": "Save it as pptx.",
    "odp": "Save it as pptx.",
    "key": "Save it as pptx or PDF.",
    "numbers": "Save it as xlsx.",
    "xlsb": "Save it as xlsx.",
    "xlsm": "Save it as xlsx.",
    "docm": "Save it as docx.",
    "msg": "Save it as eml.",
    "zip": "Unpack it and add the files in it.",
    "mobi": "Convert it to epub.",
    "azw3": "Convert it to epub.",
}


def extension_of(name: str) -> str:
    """The extension of a file name in lower case without the dot; empty when there is none."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem else ""


def find_format(extension: str, name: str) -> Format:
    """The format of files with `extension` (any case, with or without dot). Raises `UnsupportedFileType`."""
    plain = extension.lower().removeprefix(".")
    found = ACCEPTED.get(plain)
    if found is None:
        arrived = f"{name} is a .{plain} file" if plain else f"{name} has no extension"
        documents = ", ".join(extension for extension, one in ACCEPTED.items() if one.kind != "source code")
        raise UnsupportedFileType(
            f"{arrived}, which cannot be read; accepted are {documents} and source code.", hint=_INSTEAD.get(plain)
        )
    return found
