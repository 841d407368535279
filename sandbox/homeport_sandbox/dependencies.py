"""Python packages for code: installed from an operator's requirements file into a folder of their own."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from homeport_sandbox.errors import SandboxError
from homeport_sandbox.settings import Settings

log = logging.getLogger("homeport_sandbox")

REQUIREMENTS = "python-requirements.txt"
WHEELS = "wheels"
_INSTALL_SECONDS = 900.0
_SHOWN = 2000


class NotInstalled(SandboxError):
    """The packages could not be installed."""


class Dependencies:
    """Installs, lists, keeps up to date. What is installed is swapped in whole, or not at all."""

    def __init__(self, settings: Settings, use: Callable[[list[str]], Awaitable[None]]) -> None:
        """`use`: told the folders from which code imports, whenever they change."""
        self._settings = settings
        self._use = use
        self._state = Path(settings.state) if settings.state else Path(tempfile.mkdtemp(prefix="homeport-sandbox-"))
        self._temporary = not settings.state
        self._current: Path | None = None
        self._lock = asyncio.Lock()
        self.paths: list[str] = []

    @property
    def _folder(self) -> Path:
        return Path(self._settings.dependencies)

    def listed(self) -> list[dict[str, str]]:
        """Name and version of every package that code may import."""
        folders = [*([str(self._current)] if self._current else []), *self.paths]
        found: dict[str, str] = {}
        for distribution in importlib.metadata.distributions(path=folders):
            name = distribution.metadata["Name"]
            if name and name not in found:
                found[name] = distribution.version
        return [
            {"name": name, "version": version}
            for name, version in sorted(found.items(), key=lambda one: one[0].lower())
        ]

    async def update(self) -> bool:
        """Install what the requirements file asks for, when it or the wheels changed. Raises `NotInstalled`."""
        async with self._lock:
            requirements = self._folder / REQUIREMENTS
            wanted = requirements.read_bytes() if requirements.is_file() else b""
            if not _asks_for_something(wanted):
                return await self._swap(None)
            target = self._state / f"packages-{self._fingerprint(wanted)}"
            if target == self._current:
                return False
            if not target.is_dir():
                await self._install(requirements, target)
            return await self._swap(target)

    async def keep(self) -> None:
        """Look for changes at every interval, until cancelled; what fails is logged and tried again."""
        while True:
            try:
                if await self.update():
                    log.info("packages installed: %s", len(self.listed()))
            except (SandboxError, OSError) as error:
                log.error("packages were not installed: %s", error)
            if self._settings.deps_update_interval <= 0:
                return
            await asyncio.sleep(self._settings.deps_update_interval)

    def close(self) -> None:
        """Remove a temporary folder."""
        if self._temporary:
            shutil.rmtree(self._state, ignore_errors=True)

    def _fingerprint(self, wanted: bytes) -> str:
        wheels = sorted(file.name for file in (self._folder / WHEELS).glob("*.whl"))
        return hashlib.sha256(
            b"\0".join([wanted, *(name.encode() for name in wheels), sys.version.encode()])
        ).hexdigest()[:16]

    async def _swap(self, target: Path | None) -> bool:
        if target == self._current:
            return False
        before, self._current = self._current, target
        await self._use([] if target is None else [str(target)])
        if before is not None:
            shutil.rmtree(before, ignore_errors=True)
        return True

    async def _install(self, requirements: Path, target: Path) -> None:
        self._state.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="installing-", dir=self._state))
        try:
            await self._call_installer(self._command(requirements, fresh))
            os.chmod(fresh, 0o755)  # noqa: PTH101, S103  runs of another user read it
            os.rename(fresh, target)  # noqa: PTH104  at once, unlike what belongs in a thread
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _command(self, requirements: Path, target: Path) -> list[str]:
        python = self._settings.python_path or sys.executable
        uv = shutil.which("uv")
        tool = [uv, "pip", "install", "--python", python] if uv else [_with_pip(python), "-m", "pip", "install"]
        wheels = self._folder / WHEELS
        # No package gets to run a build script here; code does not run outside of the layers.
        options = ["--only-binary", ":all:", "--target", str(target), "-r", str(requirements)]
        if wheels.is_dir():
            options += ["--no-index", "--find-links", str(wheels)]
        elif self._settings.pip_mirror_url:
            options += ["--index-url", self._settings.pip_mirror_url]
        return [*tool, *options]

    async def _call_installer(self, command: list[str]) -> None:
        kept = ("PATH", "LANG", "SSL_CERT_FILE", "UV_CACHE_DIR", "NO_PROXY")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment |= {"HOME": str(self._state), "PIP_DISABLE_PIP_VERSION_CHECK": "1", **self._settings.proxies}
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(_INSTALL_SECONDS):
                output, _ = await process.communicate()
        except TimeoutError as error:
            raise NotInstalled(f"Installing packages took longer than {_INSTALL_SECONDS:g} seconds.") from error
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            said = output.decode(errors="replace").strip()[-_SHOWN:]
            raise NotInstalled(f"The packages of {self._folder / REQUIREMENTS} could not be installed: {said}")


def _with_pip(python: str) -> str:
    """`python`, or what our own environment was made of: an environment need not have a pip of its own."""
    if python == sys.executable and importlib.util.find_spec("pip") is None:
        return str(Path(sys.executable).resolve())
    return python


def _asks_for_something(wanted: bytes) -> bool:
    lines = (line.strip() for line in wanted.decode("utf-8", "replace").splitlines())
    return any(line and not line.startswith("#") for line in lines)
