"""E-books (EPUB)."""

from __future__ import annotations

import posixpath
import zipfile
from typing import cast
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import ParseError, fromstring

from homeport.features.knowledge.errors import ContentMismatch, EncryptedFile
from homeport.features.knowledge.parse.html_page import decode_page
from homeport.features.knowledge.parse.read import check_length
from homeport.features.knowledge.parse.source import Content, Source
from homeport.features.knowledge.parse.to_markdown import to_markdown
from homeport.features.knowledge.parse.unpack import damaged, open_archive, read_member

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_CHAPTER_TYPES = ("application/xhtml+xml", "text/html")


def read(source: Source) -> Content:
    """The chapters in reading order."""
    with open_archive(source) as archive:
        members = set(archive.namelist())
        if _CONTAINER not in members:
            raise ContentMismatch(f"{source.name} is named epub but holds another kind of ZIP archive.")
        root = _xml(read_member(archive, _CONTAINER, source), source).find(".//{*}rootfile")
        package_path = root.get("full-path", "") if root is not None else ""
        package = _xml(read_member(archive, package_path, source), source)
        chapters = [path for path in _reading_order(package, posixpath.dirname(package_path)) if path in members]
        _check_protection(archive, members, chapters, source)
        texts: list[str] = []
        length = 0
        for path in chapters:
            text = to_markdown(decode_page(archive.read(path), f"{source.name} ({path})")).text
            length += len(text) + 2
            check_length(length, source)
            if text:
                texts.append(text)
    title = package.findtext(".//{http://purl.org/dc/elements/1.1/}title")
    return Content("\n\n".join(texts), title.strip() if title else None)


def _reading_order(package: Element, folder: str) -> list[str]:
    files = {
        item.get("id", ""): posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        for item in package.iterfind(".//{*}manifest/{*}item")
        if item.get("media-type") in _CHAPTER_TYPES
    }
    order = [item.get("idref", "") for item in package.iterfind(".//{*}spine/{*}itemref")]
    return [files[name] for name in dict.fromkeys(order) if name in files]


def _check_protection(archive: zipfile.ZipFile, members: set[str], chapters: list[str], source: Source) -> None:
    """Fonts are often scrambled, which does not matter; scrambled chapters cannot be read."""
    if _ENCRYPTION not in members:
        return
    listed = _xml(archive.read(_ENCRYPTION), source).iterfind(".//{*}CipherReference")
    if {unquote(reference.get("URI", "")) for reference in listed} & set(chapters):
        raise EncryptedFile(f"{source.name} is copy-protected (DRM) and cannot be read.")


def _xml(content: bytes, source: Source) -> Element:
    try:
        return cast("Element", fromstring(content))
    except ParseError as error:
        raise damaged(source) from error
