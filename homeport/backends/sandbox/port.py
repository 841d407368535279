"""What running code means to the slices: a function and its inputs go out, its result comes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Language(StrEnum):
    """What code may be written in; the values are those of an app's definition."""

    PYTHON = "python3"
    JAVASCRIPT = "javascript"
    #: A template: it is rendered with the inputs, and its result is the text.
    JINJA2 = "jinja2"


@dataclass(frozen=True, slots=True)
class Place:
    """A sandbox service and the key it expects."""

    endpoint: str
    key: str


#: Finds the service, starting it where that is ours to do. Raises errors of this family.
FindPlace = Callable[[], Awaitable[Place]]


@dataclass(frozen=True, slots=True)
class Status:
    """What a sandbox says of itself."""

    #: `none`, `confined`, `separated` or `isolated`; empty from a service that does not say.
    level: str
    #: Why it runs no code; None when it does.
    problem: str | None


class Sandbox(Protocol):
    """Runs code. Every method raises `Unavailable` and `RateLimited` (temporary), and `Misconfigured`."""

    async def run(
        self, language: Language, code: str, inputs: Mapping[str, Any], *, preload: str = "", network: bool = False
    ) -> dict[str, Any]:
        """Call `main` of `code` with `inputs` by name, or render it; the result as the code gave it, not checked yet.

        The result of a template is `{"result": text}`. Raises `CodeFailed` with what the code said, `CodeTooSlow`,
        `CodeRefused` naming the setting that allows it where one does, and `InvalidResult`.
        """
        ...

    async def check(self) -> Status:
        """Ask the service what it is able to do; nothing is run."""
        ...

    async def close(self) -> None:
        """Give back what is held; the sandbox is not used afterwards. May be called twice."""
        ...
