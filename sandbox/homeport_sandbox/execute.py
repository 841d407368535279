"""Runs code: takes a user, a process of the warm interpreter, made now or before, and gives everything back."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from homeport_sandbox import work_dirs
from homeport_sandbox.confined.orders import Ground, Order, Start
from homeport_sandbox.egress import Egress
from homeport_sandbox.errors import NotStarted, Refused
from homeport_sandbox.launch import Started, Warm, launch
from homeport_sandbox.levels import Level, level, require, require_architecture
from homeport_sandbox.linux.namespaces import WORK
from homeport_sandbox.pool import Pool, Waiting
from homeport_sandbox.self_check import CODE, breaches
from homeport_sandbox.settings import Settings
from homeport_sandbox.warm_modules import MODULES, lenders
from homeport_sandbox.watch import Outcome, Pipes, Watch

log = logging.getLogger("homeport_sandbox")

PYTHON, NODE = "python3", "nodejs"
LANGUAGES = (PYTHON, NODE)
_PATH = "/usr/local/bin:/usr/bin:/bin"
#: Seconds after which Node.js nobody has used is let go: 30 to 40 MB each. Python shares its memory.
_NODE_IDLE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of code to run."""

    language: str
    code: bytes
    network: bool = False


class Executor:
    """Everything that runs code, started once per server."""

    def __init__(self, settings: Settings, *, switched_off: tuple[str, ...] = ()) -> None:
        """`switched_off`: layers left off, to see what each is for; no setting and no request reaches this."""
        self.settings = settings
        self._switched_off = switched_off
        self._numbers = itertools.count(1)
        # Twice what runs and waits: those before may still be ending.
        users = 2 * (settings.max_workers + settings.python_pool + settings.node_pool)
        self._users = list(range(settings.first_user, settings.first_user + users))
        self._warm: Warm | None = None
        #: What the machine allows; None before it was found out.
        self.ground: Ground | None = None
        self._starting = asyncio.Lock()
        self._work_dir = work_dirs.bounded(settings.work_dir)
        self._node = settings.find_node()
        self._packages: list[str] = []
        #: Interpreters that take no more runs, with their pools, by what waits for their last one.
        self._leaving: dict[asyncio.Task[None], tuple[Warm, dict[str, Pool]]] = {}
        self.egress = Egress(settings.proxies)
        #: Processes of the warm interpreter that wait, by language.
        self._pools: dict[str, Pool] = {}

    @property
    def ready(self) -> bool:
        """Whether an interpreter waits that was seen to confine code."""
        return self._warm is not None and self._warm.alive

    @property
    def users_free(self) -> int:
        """How many users are not taken by a run."""
        return len(self._users)

    def waiting(self, language: str) -> int:
        """How many confined processes wait for code of `language`."""
        return self._pools[language].waiting if self._pools else 0

    async def open(self) -> None:
        """Start the warm interpreter and check that it confines. Raises `NotStarted` or `TooWeak`."""
        await self._current()

    async def close(self) -> None:
        """End everything."""
        leaving = dict(self._leaving)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        ending = list(leaving.values())
        if self._warm is not None:
            ending.append((self._warm, self._pools))
            self._warm, self._pools = None, {}
        for warm, pools in ending:
            await _close_pools(pools)
            warm.close()

    async def use_packages(self, folders: list[str]) -> None:
        """Let code import from `folders`, from the next run on."""
        self._packages = folders
        await self._renew()

    async def run(self, task: Task) -> Outcome:
        """Run `task` to its end or to one of its limits. Raises `NotStarted`, `TooWeak`, `Refused`."""
        if task.network:
            await self.egress.resolve()
        warm = await self._current()
        warm.runs += 1
        if not task.network and (task.language == NODE or self.settings.python_pool):
            return await self._run_in_pool(self._pools[task.language], task)
        return await self._run_fresh(warm, task)

    async def _run_fresh(self, warm: Warm, task: Task) -> Outcome:
        if task.network:
            self._require_network(warm.ground)
        pipes = Pipes()
        code = self._code_descriptor(task)
        try:
            async with self._order(warm, task) as order:
                run = warm.start(order, [code, pipes.their_stdout, pipes.their_stderr, pipes.their_progress.fileno()])
                pipes.hand_over()
                watch = Watch(pipes, run, self._most_output)
                try:
                    return await self._watched(watch)
                finally:
                    watch.close()
                    await _gone(run)
        finally:
            os.close(code)
            pipes.close()

    async def _watched(self, watch: Watch) -> Outcome:
        await watch.confined()
        async with self.egress.relaying(watch.listeners):
            return await watch.finish(self._wall)

    async def _run_in_pool(self, pool: Pool, task: Task) -> Outcome:
        waiting = await pool.take()
        try:
            await waiting.feed(task.code)
            return await waiting.watch.finish(self._wall)
        finally:
            await waiting.close()

    async def _start_waiting(self, warm: Warm, language: str) -> Waiting:
        """A confined process that waits for code."""
        readable, writable = os.pipe()
        os.set_blocking(writable, False)
        pipes = Pipes()
        context = self._order(warm, Task(language, b""))
        order = await context.__aenter__()
        try:
            run = warm.start(order, [readable, pipes.their_stdout, pipes.their_stderr, pipes.their_progress.fileno()])
        except NotStarted:
            os.close(writable)
            pipes.close()
            await context.__aexit__(None, None, None)
            raise
        finally:
            os.close(readable)
        pipes.hand_over()
        waiting = Waiting(run, Watch(pipes, run, self._most_output), writable, context)
        try:
            await waiting.watch.confined()
        except BaseException:
            await waiting.close()
            raise
        return waiting

    @asynccontextmanager
    async def _order(self, warm: Warm, task: Task) -> AsyncIterator[Order]:
        """An order with a user and a work directory that nobody else has meanwhile."""
        own_user = warm.ground.own_user and "own user" not in self._switched_off
        uid = self._take_user() if own_user else None
        work = None
        try:
            if self._work_dir and not warm.ground.namespaces:
                work = work_dirs.make(self._work_dir, uid)
            yield Order(
                number=next(self._numbers),
                language=task.language,
                uid=uid,
                cpu=self.settings.worker_timeout + 1,
                network=task.network,
                ports=self.egress.ports(own_network=bool(warm.ground.namespaces)) if task.network else [],
                work=work,
                environment=self._environment(warm.ground, task, work),
            )
        finally:
            if uid is not None:
                self._users.append(uid)
            if work is not None:
                work_dirs.remove(work)

    def _environment(self, ground: Ground, task: Task, work: str | None) -> dict[str, str]:
        home = WORK if ground.namespaces else work or "/"
        environment = {"PATH": _PATH, "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8"}
        if task.network:
            environment |= self.egress.environment(own_network=bool(ground.namespaces))
        zone = os.environ.get("TZ")
        return environment | ({"TZ": zone} if zone else {})

    def _code_descriptor(self, task: Task) -> int:
        """A file in memory that holds the code; a Node.js with network reads it just as one that has waited."""
        code = os.memfd_create("code")
        view = memoryview(task.code)
        while view:
            view = view[os.write(code, view) :]
        os.lseek(code, 0, os.SEEK_SET)
        return code

    def _take_user(self) -> int:
        if not self._users:
            raise NotStarted("Every user that runs may become is taken; raise MAX_WORKERS.")
        return self._users.pop(0)

    def _require_network(self, ground: Ground) -> None:
        if not self.egress.configured:
            raise Refused(
                "Network was asked for, but no egress proxy is set, and code reaches the network through it alone:"
                " set HTTP_PROXY (SANDBOX_HTTP_PROXY in compose) or SOCKS5_PROXY."
            )
        if not ground.namespaces and "landlock ports" in ground.missing:
            raise Refused(
                "Network was asked for, but this machine can limit it neither by namespaces nor by Landlock"
                f" ({ground.missing['landlock ports']})."
            )

    @property
    def _wall(self) -> float | None:
        return None if "wall limit" in self._switched_off else float(self.settings.worker_timeout)

    @property
    def _most_output(self) -> int:
        return 1 << 40 if "output limit" in self._switched_off else self.settings.output

    async def _current(self) -> Warm:
        """A live interpreter that has not run too often; the one before ends when its last run does."""
        warm = self._warm
        if warm is not None and warm.alive and warm.runs < self.settings.runs_per_interpreter:
            return warm
        async with self._starting:
            warm = self._warm
            if warm is None or not warm.alive or warm.runs >= self.settings.runs_per_interpreter:
                fresh = await self._launch()
                self._retire()
                self._warm, self._pools = fresh, self._make_pools(fresh)
                self._pools[PYTHON].fill()
                warm = fresh
        return warm

    async def _renew(self) -> None:
        async with self._starting:
            self._retire()
        await self._current()

    def _retire(self) -> None:
        """Give the interpreter no more code; it ends with its last run, those that wait end now."""
        warm, pools = self._warm, self._pools
        self._warm, self._pools = None, {}
        if warm is None:
            return
        for pool in pools.values():
            pool.close()
        task = asyncio.get_running_loop().create_task(_close_when_idle(warm, pools))
        self._leaving[task] = (warm, pools)
        task.add_done_callback(self._leaving.pop)

    def _make_pools(self, warm: Warm) -> dict[str, Pool]:
        start = partial(self._start_waiting, warm)
        return {
            PYTHON: Pool(self.settings.python_pool, partial(start, PYTHON)),
            NODE: Pool(self.settings.node_pool, partial(start, NODE), idle_seconds=_NODE_IDLE_SECONDS),
        }

    async def _launch(self) -> Warm:
        require_architecture()
        settings = self.settings
        with_packages = bool(settings.python_path)
        start = Start(
            readable=list(settings.readable),
            packages=self._packages,
            warm=list(MODULES),
            lenders=[] if with_packages else lenders(),
            node=self._node,
            memory=settings.memory,
            work_size=settings.work_size,
            longest_code=settings.largest_request,
            more_system_calls=list(settings.allowed_syscalls),
            switched_off=list(self._switched_off),
        )
        warm = await launch(settings.python_path or _own_python(), start, with_packages=with_packages)
        self.ground = warm.ground
        try:
            require(warm.ground, settings.minimum_level)
            if not self._switched_off:
                await self._check(warm)
        except BaseException:
            warm.close()
            raise
        reached = level(warm.ground)
        log.info("interpreter ready: Python %s, level %s", warm.ground.version, reached.name.lower())
        return warm

    async def _check(self, warm: Warm) -> None:
        """See for ourselves that code is confined, from its inside."""
        outcome = await self._run_fresh(warm, Task(PYTHON, CODE))
        found = breaches(outcome, isolated=level(warm.ground) is Level.ISOLATED)
        if found:
            raise NotStarted(f"Code is not run, for it would not be confined: {'; '.join(found)}.")


async def _gone(run: Started) -> None:
    """Wait until the process is gone, so that its user may be another's; it was killed if it had to be."""
    with suppress(NotStarted):
        await asyncio.shield(run.ended)


async def _close_pools(pools: dict[str, Pool]) -> None:
    for pool in pools.values():
        pool.close()
    for pool in pools.values():
        await pool.settle()


async def _close_when_idle(warm: Warm, pools: dict[str, Pool]) -> None:
    await _close_pools(pools)
    await asyncio.gather(*(run.ended for run in list(warm.running.values())), return_exceptions=True)
    warm.close()


def _own_python() -> str:
    return str(Path(sys.executable).resolve())
