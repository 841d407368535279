"""The sandbox of one's own: started when code is first run, gone with the server, and what runs in it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from homeport.backends.sandbox.errors import CodeFailed, CodeRefused, CodeTooSlow, InvalidResult, Unsupported
from homeport.backends.sandbox.port import Language
from homeport.backends.sandbox.settings import SandboxSettings
from homeport.entry.embedded_sandbox import EmbeddedSandbox, OpenSandbox
from tests.support.sandbox_server import require_linux, require_node
from tests.support.servers import wait_for

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[OpenSandbox]:
    require_linux()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKER_TIMEOUT", "5")
        opened = OpenSandbox(SandboxSettings())
        yield opened
        await opened.close()


@pytest.mark.parametrize(
    ("language", "code", "inputs", "result"),
    [
        ("python3", "def main(a, b): return {'sum': a + b}", {"a": 1, "b": 2.5}, {"sum": 3.5}),
        ("python3", "def main(**all): return all", {"text": "ü🌍\0", "none": None}, {"text": "ü🌍\0", "none": None}),
        ("python3", "print('said')\ndef main(): return {'a': [1, {'b': True}]}", {}, {"a": [1, {"b": True}]}),
        ("javascript", "function main({a}) { return {doubled: a * 2} }", {"a": 21}, {"doubled": 42}),
        ("javascript", "async function main() { return {late: 'ü'} }", {}, {"late": "ü"}),
    ],
)
async def test_a_function_is_called_with_its_inputs(
    sandbox: OpenSandbox, language: str, code: str, inputs: dict[str, Any], result: dict[str, Any]
) -> None:
    if language == "javascript":
        require_node()
    assert await sandbox.run(Language(language), code, inputs) == result


async def test_a_template_is_rendered(sandbox: OpenSandbox) -> None:
    pytest.importorskip("jinja2", reason="templates need the package jinja2")
    template = "{% for x in xs %}{{ loop.index }}={{ x|upper }} {% endfor %}{{ '\"' }}"
    assert await sandbox.run(Language.JINJA2, template, {"xs": ["a", "ü"]}) == {"result": '1=A 2=Ü "'}
    with pytest.raises(CodeFailed, match="TemplateSyntaxError"):
        await sandbox.run(Language.JINJA2, "{% for %}", {})


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        ("def main(): raise ValueError('my reason')", CodeFailed, "ValueError: my reason"),
        ("def main(:", CodeFailed, "SyntaxError"),
        ("x = 1", CodeFailed, "main"),
        ("def main():\n  while True: pass", CodeTooSlow, "WORKER_TIMEOUT"),
        ("import os\ndef main(): os.fork()", CodeRefused, "does not allow"),
        ("import socket\ndef main(): socket.socket()", CodeRefused, "does not allow"),
        ("def main(): return {'x': bytearray(900 << 20)}", CodeFailed, "SANDBOX_MEMORY_MB"),
        ("def main(): return {'x': object()}", CodeFailed, "not JSON serializable"),
        ("def main(): return 'a text'", InvalidResult, "a text"),
        ("import sys\ndef main(): sys.exit(0)", InvalidResult, "no result"),
    ],
)
async def test_what_goes_wrong_is_told_in_a_sentence(
    sandbox: OpenSandbox, code: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        await sandbox.run(Language.PYTHON, code, {})
    assert said in str(caught.value)


async def test_it_is_started_once_and_again_when_it_has_ended(sandbox: OpenSandbox) -> None:
    embedded = sandbox._embedded
    assert embedded is not None
    await sandbox.run(Language.PYTHON, "def main(): return {}", {})
    first = await embedded.find()
    assert await embedded.find() == first
    process = embedded._process
    assert process is not None
    process.kill()
    process.wait(10)
    assert await sandbox.run(Language.PYTHON, "def main(): return {'again': 1}", {}) == {"again": 1}
    assert (await embedded.find()).key != first.key
    assert (await sandbox.check()).problem is None


async def test_where_linux_is_missing_code_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeport.entry.embedded_sandbox.sys.platform", "darwin")
    embedded = EmbeddedSandbox()
    with pytest.raises(Unsupported, match="darwin") as caught:
        await embedded.find()
    assert "CODE_EXECUTION_ENDPOINT" in str(caught.value)
    await embedded.close()


async def test_it_ends_with_the_server_even_when_that_is_killed() -> None:
    require_linux()
    program = (
        "import asyncio\n"
        "from homeport.entry.embedded_sandbox import EmbeddedSandbox\n"
        "async def main():\n"
        "    embedded = EmbeddedSandbox()\n"
        "    await embedded.find()\n"
        "    print(embedded._process.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as server:  # noqa: ASYNC220
        try:
            assert server.stdout is not None
            child = int(next(line for line in iter(server.stdout.readline, "") if line.strip().isdigit()))
        finally:
            server.send_signal(signal.SIGKILL)
    wait_for(lambda: not _lives(child), seconds=30, what="the end of the sandbox")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
