"""Opens archives (Office files, e-books) only after having counted what they unpack to."""

from __future__ import annotations

import io
import zipfile
import zlib

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from homeport.features.knowledge.errors import (
    ContentMismatch,
    DamagedFile,
    EncryptedFile,
    UnpacksTooLarge,
    UnsafeXml,
)
from homeport.features.knowledge.parse.source import Source

_CHUNK = 256 * 1024
_MOST_MEMBERS = 20_000
#: Bytes up to which any ratio is accepted: small files of blanks are common.
_HARMLESS = 20 * 1024 * 1024
_ENCRYPTED = 0x1
_XML = (".xml", ".rels", ".opf", ".ncx", ".vml")
_ENTITY = b"<!ENTITY"
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)


def open_archive(source: Source) -> zipfile.ZipFile:
    """The archive in `source`, all of its members unpacked once for counting and checking.

    Raises `DamagedFile`, `EncryptedFile`, `UnpacksTooLarge` or `UnsafeXml`.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(source.content))
        members = archive.infolist()
        _check_size(sum(member.file_size for member in members), len(members), source)
        if any(member.flag_bits & _ENCRYPTED for member in members):
            raise EncryptedFile(f"{source.name} is protected by a password.", hint="Remove it and add the file again.")
        unpacked = 0
        for member in members:
            unpacked = _unpack(archive, member, unpacked, source)
    except _DAMAGE as error:
        raise damaged(source) from error
    return archive


def check_type(archive: zipfile.ZipFile, mark: bytes, source: Source) -> None:
    """Raise `ContentMismatch` unless the Office file's own list of contents mentions `mark`."""
    try:
        listed = archive.read("[Content_Types].xml")
    except KeyError:
        listed = b""
    if mark not in listed:
        raise ContentMismatch(
            f"{source.name} is named {source.extension} but holds something else packed the same way"
            " (another kind of Office file, or a ZIP archive).",
            hint="Give it the extension of what it holds.",
        )


def read_member(archive: zipfile.ZipFile, name: str, source: Source) -> bytes:
    """The bytes of the member `name`. Raises `DamagedFile` when there is none."""
    try:
        return archive.read(name)
    except KeyError as error:
        raise damaged(source) from error


def find_title(archive: zipfile.ZipFile) -> str | None:
    """The title in the properties of an Office file."""
    try:
        properties = fromstring(archive.read("docProps/core.xml"))
    except (KeyError, ParseError, DefusedXmlException):
        return None
    title = properties.findtext("{http://purl.org/dc/elements/1.1/}title")
    return title.strip() or None if title else None


def damaged(source: Source) -> DamagedFile:
    """The error for an archive that cannot be read."""
    return DamagedFile(f"{source.name} is damaged: it is not a complete {source.extension} file.")


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, unpacked: int, source: Source) -> int:
    """Count on from `unpacked`: what a member declares may be a lie."""
    is_xml = member.filename.lower().endswith(_XML)
    tail = b""
    with archive.open(member) as file:
        while chunk := file.read(_CHUNK):
            unpacked += len(chunk)
            _check_size(unpacked, 0, source)
            if is_xml:
                # Without NULs, UTF-16 looks like ASCII.
                seen = tail + chunk.replace(b"\x00", b"")
                if _ENTITY in seen:
                    raise UnsafeXml(f"{source.name} holds XML that defines its own entities, which is not accepted.")
                tail = seen[-len(_ENTITY) :]
    return unpacked


def _check_size(unpacked: int, members: int, source: Source) -> None:
    packed = len(source.content)
    too_many = members > _MOST_MEMBERS
    too_dense = unpacked > _HARMLESS and unpacked > packed * source.limits.ratio
    if too_many or too_dense or unpacked > source.limits.unpacked:
        raise UnpacksTooLarge(
            f"{source.name} ({packed / 1e6:.1f} MB) unpacks to more than is accepted"
            f" ({source.limits.unpacked // (1024 * 1024)} MB, {source.limits.ratio} times its size,"
            f" {_MOST_MEMBERS:,} parts).",
            hint="DOCUMENT_UNPACKED_LIMIT_MB and DOCUMENT_UNPACK_RATIO set this.",
        )
