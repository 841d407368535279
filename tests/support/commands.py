"""Commands of `homeport`, run in this process as `main` runs them, without touching its log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from click.testing import CliRunner
from sqlalchemy import text
from structlog.testing import capture_logs

from homeport.entry.cli.main import cli
from homeport.entry.settings import read_settings
from homeport.runtime.config.sources import Sources
from homeport.runtime.db.database import Database
from homeport.runtime.errors import HomeportError
from tests.support.house import TestHouse, open_test_house

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command has left."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read."""
        return json.loads(self.out)


def homeport(*arguments: str, answers: str = "", **variables: str) -> Outcome:
    """Run `homeport <arguments>` with these variables set and these lines typed; any unexpected error is raised."""
    return run_homeport(arguments, variables, answers)


def run_homeport(arguments: tuple[str, ...], variables: Mapping[str, str], answers: str = "") -> Outcome:
    """The same, for variables from a table."""
    with capture_logs(), patch("homeport.runtime.ops.logs.configure_logs"):
        result = CliRunner(env=dict(variables)).invoke(cli, list(arguments), input=answers, prog_name="homeport")
    error = result.exception
    if isinstance(error, HomeportError):
        return Outcome(1, result.stdout, f"{result.stderr}{error}\n")
    if error is not None and not isinstance(error, SystemExit):
        raise error
    return Outcome(result.exit_code, result.stdout, result.stderr)


@dataclass(slots=True)
class Place:
    """Where commands work: the variables they find, and a data directory."""

    data_dir: Path
    variables: dict[str, str] = field(default_factory=dict)

    def homeport(self, *arguments: str, answers: str = "", **variables: str) -> Outcome:
        """Run a command here."""
        return homeport(*arguments, answers=answers, **{**self.variables, **variables})

    def open(self, *, set_up: bool = False) -> AbstractAsyncContextManager[TestHouse]:
        """The application over this place."""
        return open_test_house(self.data_dir, set_up=set_up, **self.variables)

    def furnish(self) -> None:
        """Make the schema, and the first administrator (`tests.support.house.FIRST`)."""

        async def work() -> None:
            async with self.open(set_up=True):
                pass

        do(work())

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """The database, to look at or to change."""
        settings = read_settings(Sources(self.variables))
        found = Database(settings.database.url(self.data_dir), settings.database)
        try:
            yield found
        finally:
            await found.close()

    async def execute(self, statement: str, **values: Any) -> None:
        """Change something behind the commands' back."""
        async with self.database() as database, database.begin() as session:
            await session.execute(text(statement), values)

    async def scalars(self, statement: str, **values: Any) -> list[Any]:
        """The first column of what is found."""
        async with self.database() as database, database.read() as session:
            return list((await session.scalars(text(statement), values)).all())


def do(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it to its end, on a loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
