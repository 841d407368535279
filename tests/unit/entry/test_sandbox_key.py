"""No sandbox is opened by a key that everybody knows because nobody set one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from homeport.backends.sandbox.errors import Misconfigured
from homeport.backends.sandbox.settings import SandboxSettings
from homeport.entry.embedded_sandbox import OpenSandbox

_SANDBOX = Path(__file__).parents[3] / "sandbox"


async def test_a_named_sandbox_without_a_key_is_said_before_anything_is_sent() -> None:
    sandbox = OpenSandbox(SandboxSettings(code_execution_endpoint="http://127.0.0.1:1"))
    with pytest.raises(Misconfigured, match="CODE_EXECUTION_API_KEY is empty"):
        await sandbox.check()
    await sandbox.close()


def test_a_sandbox_without_a_key_does_not_start() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "homeport_sandbox.main"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(_SANDBOX), "SANDBOX_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("API_KEY is empty; set it to a key of your own")
