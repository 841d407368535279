"""What can go wrong with knowledge bases and documents, in words for the person who added them."""

from __future__ import annotations

from homeport.runtime.errors import Conflict, Forbidden, HomeportError, InvalidInput, NotFound


class UnsupportedFileType(HomeportError):
    """Files of this type cannot be read."""

    code = "unsupported_file_type"
    status = 415


class UnreadableFile(HomeportError):
    """The file could not be read."""

    code = "file_unreadable"
    status = 400


class EmptyFile(UnreadableFile):
    """The file is empty."""

    code = "file_empty"


class DamagedFile(UnreadableFile):
    """The file is damaged."""

    code = "file_damaged"


class EncryptedFile(UnreadableFile):
    """The file is protected by a password."""

    code = "file_encrypted"


class FileWithoutText(UnreadableFile):
    """The file has no text."""

    code = "file_without_text"


class ContentMismatch(UnreadableFile):
    """The content of the file is not what its extension says."""

    code = "file_content_mismatch"


class BinaryContent(UnreadableFile):
    """The file is named as text but is not text."""

    code = "file_not_text"


class UnpacksTooLarge(UnreadableFile):
    """The file unpacks to far more than it should."""

    code = "file_unpacks_too_large"


class UnsafeXml(UnreadableFile):
    """The file holds XML that defines its own entities, which is not accepted."""

    code = "file_unsafe_xml"


class TextTooLong(UnreadableFile):
    """The file has more text than is accepted."""

    code = "file_text_too_long"


class FileTooDemanding(UnreadableFile):
    """Reading the file took too long, or more memory than it may."""

    code = "file_too_demanding"


class InvalidSegmentRule(InvalidInput):
    """The rule for cutting documents into segments has a value that is not accepted."""


class DatasetNotFound(NotFound):
    """Dataset not found."""


class DocumentNotFound(NotFound):
    """Document not found."""


class SegmentNotFound(NotFound):
    """Segment not found."""


class DatasetNameDuplicate(Conflict):
    """A knowledge base of this name exists already."""

    code = "dataset_name_duplicate"


class DatasetInUse(Conflict):
    """The knowledge base is used by an app."""

    code = "dataset_in_use"


class DatasetApiDisabled(Forbidden):
    """Dataset api access is not enabled."""


class InvalidAction(HomeportError):
    """This cannot be done to the document now."""

    code = "invalid_action"
    status = 400


class DocumentIndexing(HomeportError):
    """The document is being indexed; wait until it is done, or pause it."""

    code = "document_indexing"
    status = 400


class DocumentAlreadyFinished(HomeportError):
    """The document is indexed already; there is nothing to pause."""

    code = "document_already_finished"
    status = 400


class ArchivedDocumentImmutable(Forbidden):
    """The document is archived and cannot be changed; take it out of the archive first."""

    code = "archived_document_immutable"


class InvalidMetadata(HomeportError):
    """The value of metadata is not accepted; accepted are all, only and without."""

    code = "invalid_metadata"
    status = 400


class FileGone(HomeportError):
    """The file of this document is not in the storage any more; upload it again."""

    code = "file_not_found"
    status = 404
