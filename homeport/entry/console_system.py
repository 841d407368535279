"""What the console asks before anybody has signed in."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from homeport.entry.version import VERSION

router = APIRouter(tags=["system"])


class System(BaseModel):
    """This installation."""

    version: str


@router.get("/system", summary="Version of this installation")
async def system() -> System:
    """Public: which version answers here."""
    return System(version=VERSION)
