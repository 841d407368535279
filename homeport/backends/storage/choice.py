"""The settings that choose the driver; every driver's own section builds on them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from homeport.runtime.config.section import Prefixed, Section


class StorageChoice(Section):
    """Which storage, and how patient to be with it."""

    storage_type: str = Field(
        "opendal",
        description="Where files are kept: opendal (the OPENDAL_* settings say where), s3 or local.",
    )
    opendal_scheme: str = Field(
        "fs",
        description="With STORAGE_TYPE=opendal: fs, memory or s3. OPENDAL_<SCHEME>_<OPTION> are passed to it.",
    )
    opendal_options: Annotated[dict[str, str], Prefixed("OPENDAL_")] = Field(
        default_factory=dict, description="All OPENDAL_* variables, names cut and lower-cased.", repr=False
    )
    storage_timeout: float = Field(
        60.0, gt=0, description="Seconds one storage call may take; for streams, seconds between two chunks."
    )
    storage_max_attempts: int = Field(
        4, ge=1, le=20, description="How often a storage call is tried while it fails for a passing reason."
    )

    def uses_opendal_options(self) -> bool:
        """Whether OPENDAL_SCHEME names the driver, so that OPENDAL_<SCHEME>_* are its options."""
        return self.storage_type == "opendal"

    def options_of(self, scheme: str) -> dict[str, str]:
        """The options meant for `scheme`: `OPENDAL_FS_ROOT` as `root` for `fs`."""
        start = f"{scheme}_"
        return {name.removeprefix(start): text for name, text in self.opendal_options.items() if name.startswith(start)}
