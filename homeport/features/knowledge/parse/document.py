"""The entry to reading files: from bytes and an extension to text."""

from __future__ import annotations

from homeport.features.knowledge.errors import DamagedFile, FileTooDemanding
from homeport.features.knowledge.parse.check_content import check_content
from homeport.features.knowledge.parse.decode import decode_marked
from homeport.features.knowledge.parse.formats import Format, find_format
from homeport.features.knowledge.parse.read import read_source
from homeport.features.knowledge.parse.settings import ParseSettings
from homeport.features.knowledge.parse.source import Parsed, Source
from homeport.runtime.offload.errors import WorkCrashed, WorkFailed, WorkOutOfMemory, WorkTimedOut
from homeport.runtime.offload.pool import Offload

# Bytes up to which a light file is read in place: less than a millisecond, less than handing it over.
_SMALL = 64 * 1024


async def parse_document(
    offload: Offload, content: bytes, extension: str, name: str, settings: ParseSettings | None = None
) -> Parsed:
    """The text of a file with `extension`; `name` is for sentences.

    Raises `UnsupportedFileType`, or an `UnreadableFile` that says what is wrong with this one. Small text files are
    read at once, all others in a child process of `offload`.
    """
    settings = settings or ParseSettings()
    wanted = find_format(extension, name)
    plain = extension.lower().removeprefix(".")
    check_content(content, wanted, plain, name)
    source = Source(content, plain, name, settings.limits())
    if _can_be_read_here(source, wanted):
        return read_source(source, wanted)
    try:
        return await offload.call(
            read_source,
            source,
            wanted,
            timeout=settings.document_parse_timeout_seconds,
            what=f"Reading {name}",
        )
    except WorkTimedOut as error:
        raise FileTooDemanding(
            error.message, hint="DOCUMENT_PARSE_TIMEOUT_SECONDS sets how long it may take."
        ) from error
    except (WorkOutOfMemory, WorkCrashed) as error:
        raise FileTooDemanding(error.message, hint=error.hint) from error
    except WorkFailed as error:
        raise DamagedFile(
            f"{name} could not be read as {plain}: it is damaged, or made in a way the reader does not know."
        ) from error


def _can_be_read_here(source: Source, wanted: Format) -> bool:
    return wanted.light and len(source.content) <= _SMALL and decode_marked(source.content, source.name) is not None
