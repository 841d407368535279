"""Compares the first bytes of a file with what its extension promises, before any parser sees them."""

from __future__ import annotations

from homeport.features.knowledge.errors import ContentMismatch, DamagedFile, EmptyFile, EncryptedFile
from homeport.features.knowledge.parse.formats import Format

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF = b"%PDF-"
# PDF readers accept the mark anywhere in the first kilobyte.
_PDF_MARK_WITHIN = 1024

_SIGNATURES = (
    (_PDF, "a PDF"),
    (ZIP, "a ZIP archive or an Office file"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (OLE, "an Office file of the older kind (doc, xls, ppt, msg)"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"BZh91AY&SY", "a bzip2 archive"),
    (b"{\\rtf", "an RTF document"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"ID3\x03", "an MP3 recording"),
    (b"ID3\x04", "an MP3 recording"),
    (b"OggS\x00", "an Ogg recording"),
    (b"\x00asm", "a WebAssembly program"),
)
# Names of streams in the container that Office puts around an encrypted file, as they stand in its directory.
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")


def check_content(content: bytes, expected: Format, extension: str, name: str) -> None:
    """Raise `EmptyFile`, `ContentMismatch`, `EncryptedFile` or `DamagedFile` when reading can be spared."""
    if not content:
        raise EmptyFile(f"{name} is empty.")
    if content.startswith(OLE) and _ENCRYPTED_STREAM in content:
        raise EncryptedFile(f"{name} is protected by a password.", hint="Remove the password and add it again.")
    fits = {
        "pdf": _PDF in content[:_PDF_MARK_WITHIN],
        "zip": content.startswith(ZIP),
        # A newer workbook under the old extension is common, and read all the same.
        "ole": content.startswith((OLE, ZIP)),
        "text": True,
    }[expected.container]
    found = recognise(content)
    if found and (not fits or expected.container == "text"):
        raise ContentMismatch(
            f"{name} is named {extension} but holds {found}.", hint="Give it the extension of what it holds."
        )
    if not fits:
        raise DamagedFile(f"{name} is not a readable {extension} file: it is damaged or of another type.")


def recognise(content: bytes) -> str:
    """What the first bytes say in words ("a PNG image"); empty when they say nothing."""
    for signature, words in _SIGNATURES:
        if content.startswith(signature):
            return words
    if content[:4] == b"RIFF":
        return "a recording, film or WebP image"
    if content[4:8] == b"ftyp":
        return "a film or recording"
    return ""
