"""What is committed is for everybody: no address of one machine, one network or one person's package mirror."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.source_tree import ROOT, committed_files, name

PUBLIC_HOSTS = {"pypi.org", "files.pythonhosted.org", "registry.npmjs.org"}
LOCKS = ("uv.lock", "package-lock.json", "npm-shrinkwrap.json")
CONFIGURATION = (".npmrc", "pip.conf", "uv.toml", "pyproject.toml", "Makefile", ".ci/run", "Dockerfile")
ADDRESS = re.compile(r"https?://(?:[^/\s\"'@]+@)?([A-Za-z0-9.-]+)")
# A line that says where packages come from.
CHOOSES_INDEX = re.compile(r"(?i)(index[-_]url|find[-_]links|registry\s*=|--index\b|trusted[-_]host|proxy\.golang)")
# In two parts, so that this file may pass its own test.
MACHINE_PATHS = re.compile(
    r"(?<![\w.-])/(?:" + "work" + r"/(?:main|shared)|opt/(?:wheels|pypi)|tmp/(?:brief|bash_jobs))\b"
)
BINARY = {".png", ".jpg", ".ico", ".woff2", ".pdf", ".docx", ".pptx", ".xlsx", ".epub", ".npz", ".gz", ".zip"}


def texts() -> list[tuple[Path, str]]:
    files = [file for file in committed_files() if file.suffix not in BINARY]
    return [(file, file.read_text(encoding="utf-8", errors="replace")) for file in files]


def test_lock_files_name_public_hosts_only() -> None:
    hosts = {
        (name(file), host)
        for file, text in texts()
        if file.name in LOCKS
        # `funding` and `homepage` fields of npm are addresses for people.
        for line in text.splitlines()
        if "resolved" in line or "registry" in line or file.name == "uv.lock"
        for host in ADDRESS.findall(line)
        if host not in PUBLIC_HOSTS
    }
    assert hosts == set()


def test_no_configuration_chooses_another_registry() -> None:
    wrong = [
        f"{name(file)}: {line.strip()}"
        for file, text in texts()
        if name(file).endswith(CONFIGURATION)
        for line in text.splitlines()
        if CHOOSES_INDEX.search(line) and not PUBLIC_HOSTS.intersection(ADDRESS.findall(line))
    ]
    assert wrong == []


def test_no_path_of_one_machine_is_named() -> None:
    wrong = [
        f"{name(file)}:{number}"
        for file, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATHS.search(line)
    ]
    assert wrong == []


def test_the_checkout_is_seen() -> None:
    if (ROOT / ".git").exists():
        assert ROOT / "pyproject.toml" in committed_files()
