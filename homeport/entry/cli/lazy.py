"""A group of commands whose modules are loaded when they are used, so `--help` is quick."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """A group that knows its commands by name and loads each when it is used."""

    def __init__(self, *args: Any, folder: str, table: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        """`table`: command name -> module of the package `folder`, and its line in the overview."""
        super().__init__(*args, **kwargs)
        self._folder = folder
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, loaded."""
        if cmd_name not in self._table:
            return None
        module = importlib.import_module(f"{self._folder}.{self._table[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The overview, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._table.items()])
