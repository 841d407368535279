"""Which files are accepted: by name, kind and size."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass

from homeport.features.files.errors import FileExtensionBlocked, FilenameMissing, FilenameNotAccepted, FileTooLarge
from homeport.features.files.settings import FilesSettings

UNKNOWN_TYPE = "application/octet-stream"

IMAGE_EXTENSIONS = frozenset({"jpg", "jpeg", "png", "webp", "gif", "svg"})
VIDEO_EXTENSIONS = frozenset({"mp4", "mov", "mpeg", "webm"})
AUDIO_EXTENSIONS = frozenset({"mp3", "m4a", "wav", "amr", "mpga"})

_FORBIDDEN = frozenset('/\\:*?"<>|')
_LONGEST_NAME = 200
_LONGEST_EXTENSION = 20
_MIME_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileName:
    """An accepted name and its extension: lower case, no dot, empty when there is none."""

    name: str
    extension: str


def check_name(given: str, settings: FilesSettings) -> FileName:
    """The name as it is kept: at most 200 characters, extension included.

    Raises `FilenameMissing`, `FilenameNotAccepted`, `FileExtensionBlocked`.
    """
    given = given.strip()
    if not given:
        raise FilenameMissing
    wrong = sorted({character for character in given if character in _FORBIDDEN or not _is_text(character)})
    if wrong:
        shown = " ".join(character if character.isprintable() else ascii(character) for character in wrong[:5])
        raise FilenameNotAccepted(f'The file name has {shown}; a name has none of / \\ : * ? " < > | in it.')
    stem, dot, extension = given.rpartition(".")
    if not dot or not extension.strip() or len(extension) > _LONGEST_EXTENSION:
        stem, extension = given, ""
    name = f"{stem[: _LONGEST_NAME - len(extension) - 1]}.{extension}" if extension else stem[:_LONGEST_NAME]
    extension = extension.lower()
    if extension in {one.lower().removeprefix(".") for one in settings.upload_file_extension_blacklist}:
        raise FileExtensionBlocked(
            f"Files with the extension {extension!r} are not accepted here.",
            hint="An administrator can change UPLOAD_FILE_EXTENSION_BLACKLIST.",
        )
    return FileName(name, extension)


def check_size(size: int, file: FileName, settings: FilesSettings) -> None:
    """Raise `FileTooLarge` when `size` bytes are more than a file of this kind may have."""
    megabytes, variable = _limit(file.extension, settings)
    if size > megabytes * _MEGABYTE:
        raise FileTooLarge(
            f"The file {file.name!r} is larger than the {megabytes} MB accepted for its kind.",
            hint=f"An administrator can raise {variable}.",
        )


def mime_type_of(given: str | None, extension: str) -> str:
    """The type the client gave, where it is one and says something; else the one usual for the extension."""
    mime_type = (given or "").partition(";")[0].strip().lower()
    if _MIME_TYPE.fullmatch(mime_type) and len(mime_type) <= 100 and mime_type != UNKNOWN_TYPE:
        return mime_type
    guessed = mimetypes.types_map.get(f".{extension}")
    return guessed or _MORE_TYPES.get(extension, UNKNOWN_TYPE)


#: Not in every operating system's list.
_MORE_TYPES = {
    "md": "text/markdown",
    "markdown": "text/markdown",
    "webp": "image/webp",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "epub": "application/epub+zip",
    "m4a": "audio/mp4",
}


def _limit(extension: str, settings: FilesSettings) -> tuple[int, str]:
    if extension in IMAGE_EXTENSIONS:
        return settings.upload_image_file_size_limit, "UPLOAD_IMAGE_FILE_SIZE_LIMIT"
    if extension in VIDEO_EXTENSIONS:
        return settings.upload_video_file_size_limit, "UPLOAD_VIDEO_FILE_SIZE_LIMIT"
    if extension in AUDIO_EXTENSIONS:
        return settings.upload_audio_file_size_limit, "UPLOAD_AUDIO_FILE_SIZE_LIMIT"
    return settings.upload_file_size_limit, "UPLOAD_FILE_SIZE_LIMIT"


def _is_text(character: str) -> bool:
    return ord(character) >= ord(" ") and character != "\x7f" and not "\ud800" <= character <= "\udfff"
