"""Processes that are started again whenever they end, as Compose or Kubernetes does, until they are asked to leave."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.chaos_launch import SHOW_STACKS
from tests.support.processes import Installation, Process

#: Seconds between the end of a process and its next start.
_BACK_OFF = 0.3
_LOOK_SECONDS = 0.05
_LEAVING_SECONDS = 90.0
_STARTING_SECONDS = 60.0


@dataclass(slots=True)
class Member:
    """A role and the process that fills it now."""

    name: str
    arguments: tuple[str, ...]
    settings: dict[str, str] = field(default_factory=dict)
    process: Process | None = None
    starts: int = 0
    kills: int = 0
    keeper: asyncio.Task[None] | None = None
    #: Exit statuses of those that nobody had killed.
    own_ends: list[int] = field(default_factory=list)


class Crew:
    """The members, by name."""

    def __init__(self, installation: Installation, seed: str, lease: float, say: Callable[[str], None]) -> None:
        """`seed` makes the bad luck of each process, `lease` is that of its jobs in seconds."""
        self._installation = installation
        self._seed = seed
        self._lease = lease
        self._say = say
        self.members: dict[str, Member] = {}
        self._staying = True

    def add(self, name: str, *arguments: str, **settings: str) -> None:
        """Keep one more process running."""
        member = Member(name, arguments, settings)
        self.members[name] = member
        member.keeper = asyncio.create_task(self._keep(member))

    def kill(self, name: str) -> None:
        """Kill the process that fills a role now, with all it has forked."""
        member = self.members[name]
        if member.process is not None and member.process.popen.poll() is None:
            member.kills += 1
            member.process.kill()

    async def leave(self) -> dict[str, int]:
        """Ask all to stop, as an operator does, once they have started; answers the exit status of each."""
        await self._all_hear()
        self._staying = False
        for member in self.members.values():
            if member.process is not None and member.process.popen.poll() is None:
                member.process.popen.send_signal(signal.SIGTERM)
        keepers = [member.keeper for member in self.members.values() if member.keeper is not None]
        await asyncio.wait(keepers, timeout=_LEAVING_SECONDS)
        late = [one for one in self.members.values() if one.process is not None and one.process.popen.poll() is None]
        for member in late:
            await self._show(member)
        assert not late, f"not left in {_LEAVING_SECONDS:.0f} s: {', '.join(member.name for member in late)}"
        return {name: one.process.popen.returncode for name, one in self.members.items() if one.process is not None}

    def text_of(self, name: str) -> str:
        """What the newest process of a role has written."""
        process = self.members[name].process
        return "" if process is None else process.text

    async def _show(self, member: Member) -> None:
        """Print what a process has written at last, and where each thread of it and of its children stands."""
        assert member.process is not None
        os.killpg(member.process.popen.pid, SHOW_STACKS)
        await asyncio.sleep(1)  # until they have written
        self._say(f"{member.name} does not leave:\n{member.process.text[-20_000:]}")

    async def _all_hear(self) -> None:
        """Wait until each would hear SIGTERM: one that comes sooner ends a process that has not begun to work."""
        async with asyncio.timeout(_STARTING_SECONDS):
            for member in self.members.values():
                while member.process is None or not hears_sigterm(member.process.popen.pid):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_SECONDS)

    async def _keep(self, member: Member) -> None:
        while self._staying:
            kills = member.kills
            member.process = self._start(member)
            while member.process.popen.poll() is None:  # noqa: ASYNC110 - nobody tells of the end of a process
                await asyncio.sleep(_LOOK_SECONDS)
            if member.kills == kills and self._staying:
                member.own_ends.append(member.process.popen.returncode)
                self._say(f"{member.name} ended by itself:\n{member.process.text[-1500:]}")
            await asyncio.sleep(_BACK_OFF)

    def _start(self, member: Member) -> Process:
        member.starts += 1
        seed = f"{self._seed} {member.name} {member.starts}"
        launcher = (sys.executable, "-m", "tests.support.chaos_launch", seed, str(self._lease))
        self._installation.program = launcher
        return self._installation.start(*member.arguments, **member.settings)

    async def close(self) -> None:
        """Kill what still runs, and start nothing more."""
        self._staying = False
        for member in self.members.values():
            if member.process is not None:
                member.process.kill()
            if member.keeper is not None:
                await member.keeper


@asynccontextmanager
async def crew_of(
    installation: Installation, seed: str, lease: float, say: Callable[[str], None]
) -> AsyncIterator[Crew]:
    """Nobody yet; all are killed at the end."""
    crew = Crew(installation, seed, lease, say)
    try:
        yield crew
    finally:
        await crew.close()


def hears_sigterm(pid: int) -> bool:
    """Whether a process has a handler for it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except FileNotFoundError:  # it has just been killed
        return False
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt"))
    return bool(caught >> (signal.SIGTERM - 1) & 1)


class Teller:
    """Prints what happens, with the time since the beginning."""

    def __init__(self, name: str) -> None:
        """`name` stands in each line."""
        self._name = name
        self._began = time.monotonic()

    def __call__(self, text: str) -> None:
        """One line."""
        print(f"{self._name} {time.monotonic() - self._began:6.1f} s  {text}", flush=True)
