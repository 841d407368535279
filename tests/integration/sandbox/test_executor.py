"""What the executor promises beside confinement: nothing left behind, a start anew, a refusal that says why."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.soak_sandbox import soak
from homeport_sandbox.confined.orders import Ground
from homeport_sandbox.dependencies import REQUIREMENTS, WHEELS, Dependencies, NotInstalled
from homeport_sandbox.errors import NotStarted, Refused, TooWeak, WrongSettings
from homeport_sandbox.execute import Executor, Task
from homeport_sandbox.levels import Level, level, require
from homeport_sandbox.settings import Settings, read
from homeport_sandbox.watch import Outcome
from tests.support.http_site import site
from tests.support.sandbox_server import require_linux
from tests.support.servers import wait_for
from tests.support.socks_server import socks_server
from tests.support.source_tree import ROOT

pytestmark = pytest.mark.process

ROOMY = Settings(worker_timeout=20, node_pool=0)
NOTHING = Ground(landlock=0, namespaces="", own_user=False, missing={"landlock": "the kernel does not offer Landlock"})
BARE = Ground(landlock=7, namespaces="", own_user=False, missing={"namespaces": "refused", "own user": "not root"})


@pytest.fixture
async def executor() -> AsyncIterator[Executor]:
    require_linux()
    async with _opened(ROOMY) as opened:
        yield opened


@contextlib.asynccontextmanager
async def _opened(settings: Settings, *switched_off: str) -> AsyncIterator[Executor]:
    opened = Executor(settings, switched_off=switched_off)
    try:
        await opened.open()
        yield opened
    finally:
        await opened.close()


async def _run(executor: Executor, code: str, *, network: bool = False) -> Outcome:
    return await executor.run(Task("python3", code.encode(), network))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("pool", [0, 2])
def test_hundreds_of_runs_leave_nothing_behind(pool: int) -> None:
    require_linux()
    assert asyncio.run(soak(500, pool=pool, shown=False)) == []


async def test_an_interpreter_is_replaced_after_its_runs_while_others_still_run() -> None:
    require_linux()
    async with _opened(replace(ROOMY, runs_per_interpreter=3)) as executor:
        slow = asyncio.create_task(_run(executor, "import time, os; time.sleep(1); print(os.getppid())"))
        await asyncio.sleep(0)
        seen = {int((await _run(executor, "import os; print(os.getppid())")).stdout) for _ in range(8)}
        assert len(seen) > 1
        assert (await slow).status == 0


@pytest.mark.parametrize("pool", [0, 2])
async def test_an_interpreter_that_was_killed_is_replaced_and_what_it_ran_is_gone(pool: int) -> None:
    require_linux()
    async with _opened(replace(ROOMY, python_pool=pool)) as executor:
        warm = executor._warm
        assert warm is not None
        running = asyncio.create_task(_run(executor, "import time; time.sleep(600)"))
        wait_until = asyncio.get_running_loop().time() + 20
        while sum(run.pid is not None for run in warm.running.values()) <= pool:
            assert asyncio.get_running_loop().time() < wait_until
            await asyncio.sleep(0.01)
        pids = [run.pid for run in warm.running.values() if run.pid is not None]
        warm.process.kill()
        with pytest.raises(NotStarted):
            await running
        await asyncio.to_thread(wait_for, lambda: not any(map(_lives, pids)), what="the end of the run")
        assert (await _run(executor, "print('again')")).stdout == b"again\n"


@pytest.mark.parametrize("pool", [0, 1])
@pytest.mark.parametrize(("switched_off", "lives"), [("", False), ("parent death", True)])
def test_runs_end_with_the_interpreter_even_if_the_server_does_nothing(
    switched_off: str, lives: bool, pool: int
) -> None:
    require_linux()
    program = f"""
import asyncio, sys
from homeport_sandbox.execute import Executor, Task
from homeport_sandbox.settings import Settings
async def main():
    settings = Settings(worker_timeout=60, python_pool={pool})
    executor = Executor(settings, switched_off=tuple(filter(None, [{switched_off!r}])))
    await executor.open()
    asyncio.create_task(executor.run(Task("python3", b"import time; time.sleep(60)")))
    while sum(run.pid is not None for run in executor._warm.running.values()) <= {pool}:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    print(executor._warm.process.pid, *(run.pid for run in executor._warm.running.values()), flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    command, environment = [sys.executable, "-c", program], {**os.environ, "PYTHONPATH": str(ROOT / "sandbox")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            interpreter, *runs = map(int, server.stdout.readline().split())
            assert len(runs) == 1 + pool
            # A server that stands still: only the kernel is left to end the run.
            server.send_signal(signal.SIGSTOP)
            os.kill(interpreter, signal.SIGKILL)
            wait_for(lambda: not _lives(interpreter), what="the end of the interpreter")
            if lives:
                assert all(map(_lives, runs))
                for run in runs:
                    os.kill(run, signal.SIGKILL)
            wait_for(lambda: not any(map(_lives, runs)), what="the end of the run")
        finally:
            server.kill()


@pytest.mark.parametrize("pool", [0, 2])
async def test_without_the_promise_of_no_new_privileges_nothing_runs(pool: int) -> None:
    require_linux()
    async with _opened(replace(ROOMY, python_pool=pool), "no new privileges") as executor:
        with pytest.raises(NotStarted, match="could not be confined and was not run"):
            await _run(executor, "print('ESCAPED')")


async def test_a_layer_that_cannot_be_put_on_ends_the_run_before_its_code() -> None:
    require_linux()
    # A limit that no kernel takes stands for whatever it may refuse.
    executor = Executor(replace(ROOMY, memory=1 << 70))
    with pytest.raises(NotStarted, match="could not be confined and was not run: not confined: rlimits"):
        await executor.open()
    await executor.close()


async def test_the_check_of_ones_own_confinement_refuses_an_interpreter_that_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require_linux()
    monkeypatch.setattr("homeport_sandbox.execute.CODE", b"import json; print(json.dumps({}))")
    found = ["the attempt 'fork' was not refused"]
    monkeypatch.setattr("homeport_sandbox.execute.breaches", lambda *_, **__: found)
    executor = Executor(ROOMY)
    with pytest.raises(NotStarted, match="would not be confined: the attempt 'fork'"):
        await executor.open()
    await executor.close()


@pytest.mark.parametrize(
    ("architecture", "largest", "said"),
    [("riscv64", sys.maxsize, r"\(riscv64\)"), ("x86_64", (1 << 31) - 1, r"\(x86_64 with 32 bits\)")],
)
async def test_a_machine_whose_system_calls_are_not_known_runs_nothing_and_says_so(
    monkeypatch: pytest.MonkeyPatch, architecture: str, largest: int, said: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: architecture)
    monkeypatch.setattr("sys.maxsize", largest)
    executor = Executor(ROOMY)
    for _ in range(2):
        with pytest.raises(TooWeak, match=said):
            await executor.run(Task("python3", b"print('ESCAPED')"))
    await executor.close()


@pytest.mark.parametrize(
    ("ground", "minimum", "said"),
    [
        (NOTHING, Level.NONE, "kernel with Landlock"),
        (BARE, Level.SEPARATED, "SETUID and SETGID"),
        (BARE, Level.ISOLATED, "SYS_ADMIN"),
    ],
)
def test_a_machine_that_confines_too_little_is_told_what_it_lacks(ground: Ground, minimum: Level, said: str) -> None:
    with pytest.raises(TooWeak, match="Code is not run") as caught:
        require(ground, minimum)
    assert said in str(caught.value)
    require(BARE, Level.CONFINED)
    assert level(BARE) is Level.CONFINED


async def test_with_the_network_on_the_proxy_is_reached_and_nothing_else() -> None:
    require_linux()

    async def proxied(path: str, writer: asyncio.StreamWriter) -> None:
        body = f"by proxy: {path}".encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    code = """
import urllib.request, socket
print(urllib.request.urlopen("http://example.invalid/x", timeout=10).read().decode())
for port in (%d, 22):
    try:
        socket.create_connection(("127.0.0.1", port), 2)
        print("reached", port)
    except OSError:
        print("refused")
"""
    async with site(proxied) as proxy, site(proxied) as other:
        settings = replace(ROOMY, enable_network=True, http_proxy=f"http://127.0.0.1:{proxy.port}")
        async with _opened(settings) as executor:
            outcome = await _run(executor, code % other.port, network=True)
            assert outcome.stdout.decode().split("\n")[0] == "by proxy: http://example.invalid/x", outcome
            assert b"reached" not in outcome.stdout
            away = await _run(executor, "import urllib.request; urllib.request.urlopen('http://example.invalid/')")
            assert away.status == 1


_BY_SOCKS = """
import os, socket
from urllib.parse import urlsplit
[address] = {os.environ[name] for name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy")}
proxy = urlsplit(address)
print(proxy.scheme, proxy.username, proxy.password)
talk = socket.create_connection((proxy.hostname, proxy.port), 10)
def ask(message, answer):
    talk.sendall(message)
    assert talk.recv(100)[:2] == bytes(answer), "refused by the proxy"
def text(value):
    return bytes([len(value)]) + value.encode()
ask(bytes([5, 1, 2]), (5, 2))
ask(bytes([1]) + text(proxy.username) + text(proxy.password), (1, 0))
ask(bytes([5, 1, 0, 3]) + text("example.invalid") + bytes([0, 80]), (5, 0))
talk.sendall(b"GET /x HTTP/1.1\\r\\nHost: example.invalid\\r\\n\\r\\n")
print(b"".join(iter(lambda: talk.recv(4096), b"")).decode().split("\\r\\n\\r\\n")[1])
for port in PORTS:
    try:
        socket.create_connection(("127.0.0.1", port), 2)
        print("reached", port)
    except OSError:
        print("refused")
"""


async def test_a_socks_proxy_goes_before_the_others_and_is_all_that_is_reached() -> None:
    require_linux()

    async def answer(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nby socks: {path}".encode())
        await writer.drain()

    async with site(answer) as far, site(answer) as other, socks_server(far.port, ("me", "secret")) as proxy:
        settings = replace(
            ROOMY,
            enable_network=True,
            http_proxy=f"http://127.0.0.1:{other.port}",
            socks5_proxy=f"socks5://me:secret@127.0.0.1:{proxy.port}",
        )
        async with _opened(settings) as executor:
            code = _BY_SOCKS.replace("PORTS", repr((far.port, other.port)))
            outcome = await _run(executor, code, network=True)
        said = outcome.stdout.decode().splitlines()
        assert said == ["socks5h me secret", "by socks: /x", "refused", "refused"], outcome
        assert proxy.asked == [("example.invalid", 80)]
        assert other.heads == []


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SOCKS5_PROXY": "http://p:1"}, "SOCKS5_PROXY is 'http://p:1': accepted is an address such as socks5://"),
        ({"SOCKS5_PROXY": "proxy"}, "SOCKS5_PROXY is 'proxy': accepted"),
        ({"SOCKS5_PROXY": "socks5://me:hidden@:1"}, "SOCKS5_PROXY is 'socks5://:1': accepted"),
        ({"HTTP_PROXY": "ftp://p:1"}, "HTTP_PROXY is 'ftp://p:1': accepted is an address such as http://"),
        ({"HTTPS_PROXY": "http://p:many"}, "HTTPS_PROXY is 'http://p:many': accepted"),
    ],
)
def test_a_proxy_that_cannot_be_one_is_refused_without_its_password(variables: dict[str, str], said: str) -> None:
    with pytest.raises(WrongSettings) as caught:
        Executor(read(variables))
    assert said in str(caught.value)


async def test_the_network_without_a_proxy_is_refused(executor: Executor) -> None:
    with pytest.raises(Refused, match="HTTP_PROXY"):
        await _run(executor, "1", network=True)


async def test_packages_of_a_requirements_file_are_installed_listed_used_and_taken_away(tmp_path: Path) -> None:
    require_linux()
    wheels = tmp_path / WHEELS
    wheels.mkdir(parents=True)
    _make_wheel(wheels, "greeting", "1.0", "WORD = 'hello'")
    requirements = tmp_path / REQUIREMENTS
    requirements.write_text("# ours\ngreeting\n")
    settings = replace(ROOMY, dependencies=str(tmp_path), state=str(tmp_path / "state"))
    async with _opened(settings) as executor:
        packages = Dependencies(settings, executor.use_packages)
        assert await packages.update() is True
        assert await packages.update() is False
        assert {"name": "greeting", "version": "1.0"} in packages.listed()
        assert (await _run(executor, "import greeting; print(greeting.WORD)")).stdout == b"hello\n"
        requirements.write_text("greeting==2.0\n")
        with pytest.raises(NotInstalled, match="greeting"):
            await packages.update()
        assert (await _run(executor, "import greeting; print(greeting.WORD)")).stdout == b"hello\n"
        requirements.unlink()
        assert await packages.update() is True
        assert packages.listed() == []
        assert (await _run(executor, "import greeting")).status == 1


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"MAX_WORKERS": "0"}, "MAX_WORKERS is '0' (from environment): accepted is a whole number from 1 on."),
        ({"WORKER_TIMEOUT": "soon"}, "WORKER_TIMEOUT"),
        ({"ENABLE_NETWORK": "maybe"}, "true or false"),
        ({"SANDBOX_MINIMUM_LEVEL": "high"}, "confined, separated or isolated"),
        ({"ALLOWED_SYSCALLS": "1,x"}, "numbers"),
        ({"PYTHON_DEPS_UPDATE_INTERVAL": "often"}, "30m"),
        ({"SANDBOX_PORT": "70000"}, "port"),
        ({"SANDBOX_CONFIG": "/nowhere.yaml"}, "no configuration file /nowhere.yaml"),
    ],
)
def test_a_wrong_setting_is_one_sentence(variables: dict[str, str], said: str) -> None:
    with pytest.raises(WrongSettings) as caught:
        read(variables)
    assert said in str(caught.value)


def test_settings_of_the_established_service_are_read() -> None:
    variables = {
        "WORKER_TIMEOUT": "0",
        "PYTHON_DEPS_UPDATE_INTERVAL": "1h30m",
        "ALLOWED_SYSCALLS": "1, 2",
        "DEBUG": "true",
    }
    found = read({**variables, "HTTP_PROXY": "http://p:1", "SOCKS5_PROXY": "socks5://s:2"})
    assert (found.worker_timeout, found.deps_update_interval, found.allowed_syscalls) == (5, 5400.0, (1, 2))
    assert set(found.proxies.values()) == {"socks5://s:2"}
    assert read({"HTTP_PROXY": "http://p:1"}).proxies == {"HTTP_PROXY": "http://p:1", "HTTPS_PROXY": "http://p:1"}


def _make_wheel(folder: Path, name: str, version: str, source: str) -> None:
    meta = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", source)
        wheel.writestr(f"{meta}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{meta}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{meta}/RECORD", f"{name}.py,,\n{meta}/METADATA,,\n{meta}/WHEEL,,\n{meta}/RECORD,,\n")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
