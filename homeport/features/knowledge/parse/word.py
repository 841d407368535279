"""Word documents (docx)."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from xml.etree.ElementTree import Element

import mammoth
from defusedxml.ElementTree import ParseError, fromstring, tostring

from homeport.features.knowledge.parse.source import Content, Source
from homeport.features.knowledge.parse.to_markdown import to_markdown
from homeport.features.knowledge.parse.unpack import check_type, damaged, find_title, open_archive

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
"""
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Which list a paragraph belongs to may be a matter of its style; the rest of its looks matters to nobody here.
_TELLING = (f"{_WORD}name", f"{_WORD}pPr")
_TELLING_IN_PARAGRAPH = (f"{_WORD}numPr",)


def read(source: Source) -> Content:
    """Headings, paragraphs, lists, tables and notes in their order; pictures are dropped."""
    with open_archive(source) as archive:
        check_type(archive, b"wordprocessingml", source)
        title = find_title(archive)
        slim = _without_looks(archive, source)
    html = mammoth.convert_to_html(slim, style_map=_STYLES, convert_image=_no_image).value
    return Content(to_markdown(html).text, title)


def _without_looks(archive: zipfile.ZipFile, source: Source) -> io.BytesIO:
    """The same document without pictures and without what styles look like: most of what the library would read."""
    slim = io.BytesIO()
    with zipfile.ZipFile(slim, "w") as copy:
        for name in dict.fromkeys(archive.namelist()):
            if "/media/" in name or name.endswith("/"):
                continue
            content = archive.read(name)
            copy.writestr(name, _style_names(content, source) if name.endswith("/styles.xml") else content)
    slim.seek(0)
    return slim


def _style_names(content: bytes, source: Source) -> bytes:
    try:
        styles: Element = fromstring(content)
    except ParseError as error:
        raise damaged(source) from error
    for style in list(styles):
        if style.tag != f"{_WORD}style":
            styles.remove(style)
            continue
        _keep(style, _TELLING)
        for paragraph in style.iterfind(f"{_WORD}pPr"):
            _keep(paragraph, _TELLING_IN_PARAGRAPH)
    return bytes(tostring(styles))


def _keep(element: Element, tags: tuple[str, ...]) -> None:
    for child in list(element):
        if child.tag not in tags:
            element.remove(child)


def _no_image(image: Any) -> list[Any]:  # noqa: ARG001  (the signature is the library's)
    return []
