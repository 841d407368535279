"""What can be wrong with the settings."""

from __future__ import annotations

from homeport.runtime.errors import HomeportError


class ConfigurationError(HomeportError):
    """The configuration has a value that is not accepted."""

    code = "configuration_error"

    def __init__(self, problems: list[str]) -> None:
        """`problems`: one sentence per wrong variable."""
        self.problems = problems
        super().__init__("\n".join(problems))
