"""The proxy that guards against visits to private addresses: a real squid in a little internet of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.support.source_tree import ROOT

ENTRYPOINT = ROOT / "deploy" / "proxy" / "squid" / "entrypoint.sh"
_WORLD = ROOT / "tests" / "support" / "egress_world.py"
TEMPLATE = ROOT / "deploy" / "proxy" / "squid" / "squid.conf.template"


def _without(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@dataclass(frozen=True, slots=True)
class EgressWorld:
    """A running world; requests are made one after another."""

    process: subprocess.Popen[str]

    def get(self, target: str, **more: Any) -> dict[str, Any]:
        """GET `target` through the proxy."""
        return self._ask(method="GET", target=target, **more)

    def connect(self, target: str, **more: Any) -> dict[str, Any]:
        """CONNECT to `target`, and GET through the tunnel if there is one."""
        return self._ask(method="CONNECT", target=target, **more)

    def request(self, method: str, target: str, **more: Any) -> dict[str, Any]:
        """Any other method."""
        return self._ask(method=method, target=target, **more)

    def _ask(self, **wish: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(wish) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@contextmanager
def egress_world(**settings: str) -> Iterator[EgressWorld]:
    """A world with a squid of these settings; it needs root, for a network of its own."""
    for program, package in (("squid", "squid"), ("ip", "iproute2"), ("unshare", "util-linux")):
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            _without(f"{program} is not installed (on Debian: apt install {package})")
    if os.geteuid() != 0:
        _without("a network namespace and the user of squid need root")
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    # Not below pytest's folders, which the user of squid may not enter.
    with tempfile.TemporaryDirectory(prefix="homeport-squid-") as folder:
        log = Path(folder) / "world.log"
        arguments = [folder, str(ENTRYPOINT), json.dumps({"SANDBOX_PORT": "8194", **settings})]
        with log.open("w") as errors:
            process = subprocess.Popen(
                ["unshare", "--net", sys.executable, str(_WORLD), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={"PATH": path},
            )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            logs = "\n".join(path.read_text(errors="replace") for path in sorted(Path(folder).glob("*log")))
            assert line, f"the world did not begin:\n{logs}"
            yield EgressWorld(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(60)
            assert process.stdout is not None
            process.stdout.close()


def render(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Let the entrypoint write its files into `folder` and end."""
    return subprocess.run(
        ["sh", str(ENTRYPOINT), "--render"],
        env={"PATH": os.environ["PATH"], "SQUID_CONF_DIR": str(folder), **settings},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
