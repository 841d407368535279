"""How the contract suite sets up each storage driver, and which promises the driver does not keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from homeport.backends.storage.errors import Conflict, Unsupported
from homeport.backends.storage.settings import StorageSettings
from tests.support.gaps import Gap, Kind
from tests.support.s3_server import S3Server


class StorageSetup(Protocol):
    """One driver under test."""

    name: ClassVar[str]
    gaps: ClassVar[Mapping[str, Gap]]

    def settings(self, s3_server: Callable[[], S3Server]) -> StorageSettings:
        """Settings that open an empty storage; `s3_server` starts that server when it is called."""
        ...


class FsSetup:
    """A folder under the test's own data directory."""

    name: ClassVar[str] = "fs"
    gaps: ClassVar[Mapping[str, Gap]] = {
        "test_a_presigned_url_serves_the_blob": Gap(
            Kind.NEVER, Unsupported, "a disk has no URL; the application signs links of its own"
        ),
        "test_a_key_may_continue_another_key": Gap(
            Kind.NEVER, Conflict, "a name on a disk is a file or a folder, not both"
        ),
        "test_stat_tells_the_content_type_that_was_written": Gap(
            Kind.COULD, AssertionError, "it is guessed from the name; extended attributes would keep it"
        ),
    }

    def settings(self, s3_server: Callable[[], S3Server]) -> StorageSettings:  # noqa: ARG002 - setups are called alike
        """The default of a fresh installation."""
        return StorageSettings()


class MemorySetup:
    """The memory of the test process."""

    name: ClassVar[str] = "memory"
    gaps: ClassVar[Mapping[str, Gap]] = {
        "test_a_presigned_url_serves_the_blob": Gap(Kind.NEVER, Unsupported, "the memory of a process has no URL"),
        "test_stat_tells_the_time_of_the_last_write": Gap(
            Kind.UPSTREAM, AssertionError, "OpenDAL's memory service keeps no times"
        ),
    }

    def settings(self, s3_server: Callable[[], S3Server]) -> StorageSettings:  # noqa: ARG002 - setups are called alike
        """Chosen by name; it has no settings."""
        return StorageSettings(opendal_scheme="memory")


class S3Setup:
    """A new bucket on a real server."""

    name: ClassVar[str] = "s3"
    gaps: ClassVar[Mapping[str, Gap]] = {}

    def settings(self, s3_server: Callable[[], S3Server]) -> StorageSettings:
        """The S3_* settings."""
        server = s3_server()
        return StorageSettings.model_validate(
            {
                "storage_type": "s3",
                "s3_endpoint": server.endpoint,
                "s3_bucket_name": server.new_bucket(),
                "s3_access_key": "anybody",
                "s3_secret_key": "anything",
            }
        )


SETUPS: tuple[StorageSetup, ...] = (FsSetup(), MemorySetup(), S3Setup())
