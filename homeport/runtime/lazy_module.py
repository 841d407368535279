"""Modules that are loaded when they are first used: a process pays in memory only for what it does.

if TYPE_CHECKING:
    import httpx
else:
    httpx = LazyModule("httpx")
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


class LazyModule(ModuleType):
    """Stands for the module of the same name."""

    def __getattr__(self, name: str) -> Any:
        """Of the module itself; raises what its import raises."""
        return getattr(importlib.import_module(self.__name__), name)
