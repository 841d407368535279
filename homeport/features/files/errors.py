"""What can go wrong with files people hand over."""

from __future__ import annotations

from homeport.runtime.errors import Forbidden, HomeportError, InvalidInput, NotFound


class NoFileUploaded(InvalidInput):
    """No file was sent; send it as the multipart field 'file'."""

    code = "no_file_uploaded"


class TooManyFiles(InvalidInput):
    """More than one file was sent; send one at a time."""

    code = "too_many_files"


class FilenameMissing(InvalidInput):
    """The file has no name."""

    code = "filename_not_exists_error"


class FilenameNotAccepted(InvalidInput):
    """A file name has none of / \\ : * ? " < > | and no control characters."""


class FileEmpty(InvalidInput):
    """The file is empty."""


class FileExtensionBlocked(InvalidInput):
    """Files of this kind are not accepted here."""

    code = "file_extension_blocked"


class FileTooLarge(HomeportError):
    """The file is too large."""

    code = "file_too_large"
    status = 413


class UnsupportedFileType(HomeportError):
    """This kind of file cannot be used here."""

    code = "unsupported_file_type"
    status = 415


class FileNotFound(NotFound):
    """There is no such file."""

    code = "file_not_found"


class FileAccessDenied(Forbidden):
    """This file belongs to somebody else."""

    code = "file_access_denied"


class RangeNotSatisfiable(HomeportError):
    """The asked range lies outside of the file."""

    code = "range_not_satisfiable"
    status = 416
