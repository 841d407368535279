"""The unit of work of a request: committed before the answer is sent, rolled back when the endpoint raises.

An endpoint that waits for a model or streams must not use these: it opens short units of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.runtime.db.database import Database
from homeport.runtime.http.provided import provided

ProvidedDatabase = Annotated[Database, Depends(provided(Database))]


async def _begin(database: ProvidedDatabase) -> AsyncIterator[AsyncSession]:
    async with database.begin() as session:
        yield session


async def _read(database: ProvidedDatabase) -> AsyncIterator[AsyncSession]:
    async with database.read() as session:
        yield session


#: A session that writes.
Work = Annotated[AsyncSession, Depends(_begin, scope="function")]

#: A session that only reads.
Reading = Annotated[AsyncSession, Depends(_read, scope="function")]
