"""There is room on the disk, and it can be written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from homeport.features.operate.doctor.findings import Finding, ok, problem, warning

_MEBIBYTE = 1024 * 1024
_FEW = 100 * _MEBIBYTE
_LITTLE = 1024 * _MEBIBYTE
_FEW_FILES = 10_000


async def check_disk(data_dir: Path) -> list[Finding]:
    """Free bytes and files of the file system that holds the data directory."""
    free = shutil.disk_usage(data_dir).free
    files = os.statvfs(data_dir)
    said = f"{free // _MEBIBYTE:,} MiB are free for {data_dir}."
    fix = "Free some space, or move the directory and set HOMEPORT_DATA_DIR."
    if free < _FEW:
        return [problem(said, cause="The database and uploads fail when the disk is full.", fix=fix)]
    if free < _LITTLE:
        return [warning(said, cause="The database and uploads fail when the disk is full.", fix=fix)]
    if files.f_files and files.f_favail < _FEW_FILES:
        return [warning(f"Only {files.f_favail:,} more files fit on the disk of {data_dir}.", fix=fix)]
    return [ok(said)]
