"""What the file system driver is."""

from __future__ import annotations

from pydantic import Field

from homeport.backends.storage.capabilities import Capabilities
from homeport.backends.storage.choice import StorageChoice
from homeport.backends.storage.spec import DriverSpec


class FsSettings(StorageChoice):
    """Where on the disk; relative folders lie in the data directory."""

    storage_local_path: str = Field("storage", description="With STORAGE_TYPE=local: the folder that holds the files.")


SPEC = DriverSpec(
    name="fs",
    aliases=("local",),
    settings=FsSettings,
    capabilities=Capabilities(
        presign=False,
        keeps_content_type=False,
        keeps_modified=True,
        durable=True,
        shared=False,
        longest_key=3000,
        longest_part=255,
    ),
)
