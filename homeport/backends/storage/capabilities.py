"""What a storage driver can do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Abilities and limits of one driver, known before it is opened."""

    #: Makes URLs by which others may read a blob.
    presign: bool
    #: `stat` gives the content type that was written.
    keeps_content_type: bool
    #: `stat` gives the time of the last write.
    keeps_modified: bool
    #: What is written outlives the process.
    durable: bool
    #: Several machines may use the same blobs.
    shared: bool
    #: Of a whole key, in bytes of UTF-8.
    longest_key: int = 1024
    #: Of one part of a key between slashes, in bytes of UTF-8.
    longest_part: int = 1024
