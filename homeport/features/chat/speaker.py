"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Speaker:
    """An end user of the API, or a member in the console. `user` is the opaque text a model provider may get."""

    source: str
    end_user_id: str | None
    account_id: str | None
    user: str

    @property
    def person(self) -> str:
        """The id of the end user or the account."""
        return self.end_user_id or self.account_id or ""
