"""The base of what clients send: documents are full of odd characters, and nobody should have to find them by hand."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, model_validator

from homeport.runtime.http.body import without_unstorable


class CleanBody(BaseModel):
    """A body whose NULs and halves of characters, which no database keeps, are dropped."""

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        return without_unstorable(value)
