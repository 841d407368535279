"""Where no file system can be mounted per run, code writes into a small one in memory, or nowhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeport_sandbox.errors import WrongSettings
from homeport_sandbox.work_dirs import bounded
from tests.support.sandbox_server import require_linux
from tests.support.source_tree import ROOT

pytestmark = pytest.mark.process

_PROGRAM = """
import asyncio, os, sys
from homeport_sandbox.linux import process, seccomp
process.give_up_new_privileges()
seccomp.install(seccomp.pack(seccomp.refuse(["unshare", "setns", "mount", "pivot_root"])), os.getpid())
from homeport_sandbox.execute import Executor, Task
from homeport_sandbox.settings import Settings

async def main(folder):
    # Root's runs would be users who may not read this interpreter; as root itself it is the same directory.
    settings = Settings(worker_timeout=20, work_dir=folder, python_pool=0)
    executor = Executor(settings, switched_off=("own user",))
    await executor.open()
    async def run(code):
        outcome = await executor.run(Task("python3", code.encode()))
        print(outcome.stdout.decode().strip() or outcome.stderr.decode().strip().splitlines()[-1])
    await run("import tempfile; tempfile.NamedTemporaryFile().write(b'x'); open('left', 'w').close(); print('written')")
    await run("import os; print(os.listdir('.'))")
    await run("for n in range(20): open(f'f{n}', 'wb').write(bytes(1 << 20))")
    await run("import os; os.listdir('..')")
    await run("import os; os.makedirs('a/b'); os.mkdir('shut', 0); os.umask(0o777); os.mkdir('a/c'); print('made')")
    taken = [os.path.join(folder, f"of-another-{n}") for n in range(200)]
    for _ in range(10):
        await asyncio.sleep(0.05)  # the kernel gives back what earlier runs had a little later
        try:
            for path in taken:
                if not os.path.exists(path):
                    os.mkdir(path)
        except OSError:
            pass
    await run("print('run all the same'); open('x', 'w')")
    await run("open('x', 'w')")
    for path in filter(os.path.exists, taken):
        os.rmdir(path)
    await executor.close()
    print(os.listdir(folder))

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    require_linux()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)  # those of pytest are closed to other users
        yield Path(name)


def test_a_small_directory_in_memory_is_used_bounded_and_emptied(folder: Path) -> None:
    mount = f"mount -t tmpfs -o size=8m,nr_inodes=100,mode=1777 work {folder}"
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "sh", "-c", mount], check=False).returncode:
        pytest.skip("this machine lets these tests mount nothing")
    # A root that may not pass over modes, as in a container to which little was given.
    little = [] if shutil.which("setpriv") is None else ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    command = [*little, sys.executable, "-c", _PROGRAM, str(folder)]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh", *command],
        env={**os.environ, "PYTHONPATH": str(ROOT / "sandbox")},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "written",
        "[]",
        "OSError: [Errno 28] No space left on device",
        "PermissionError: [Errno 13] Permission denied: '..'",
        "made",
        "run all the same",
        "PermissionError: [Errno 13] Permission denied: 'x'",
        "[]",
    ]


_REMOVE = """
import os, sys
from homeport_sandbox.errors import NotStarted
from homeport_sandbox.work_dirs import make, remove
try:
    folder = make(sys.argv[1], 62000)
    assert folder is not None
except NotStarted as error:
    print(error)
    print(os.listdir(sys.argv[1]))
    sys.exit()
if os.fork() == 0:
    os.setresuid(62000, 62000, 62000)
    os.makedirs(f"{folder}/a/b")
    open(f"{folder}/a/b/file", "w").close()
    os.symlink("/etc", f"{folder}/a/link")
    os.chmod(f"{folder}/a", 0)
    os._exit(0)
os.wait()
remove(folder)
print(os.listdir(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("capabilities", "said"),
    [
        ("+chown,+setuid", ["[]"]),
        ("+setuid", [": give the container the capability CHOWN, or take the directory away.", "[]"]),
    ],
)
def test_what_another_user_left_is_taken_away_by_a_root_that_may_little(
    folder: Path, capabilities: str, said: list[str]
) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("these tests do not run as root, or setpriv (util-linux) is not installed")
    folder.chmod(0o777)
    package = folder.parent / f"{folder.name}-package"
    shutil.copytree(ROOT / "sandbox", package)
    few = [f"--bounding-set=-all,{capabilities}", f"--inh-caps=-all,{capabilities}"]
    try:
        done = subprocess.run(
            ["setpriv", *few, sys.executable, "-c", _REMOVE, str(folder)],
            env={**os.environ, "PYTHONPATH": str(package)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        shutil.rmtree(package)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(said), lines
    assert all(line.endswith(words) for line, words in zip(lines, said, strict=True)), lines


@pytest.mark.parametrize("place", ["", "nowhere"])
def test_a_directory_that_could_fill_the_machine_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(WrongSettings, match="SANDBOX_WORK_DIR"):
        bounded(str(tmp_path / place))
