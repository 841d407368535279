"""Queries on datasets and their rules."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity.tables import Account
from homeport.features.knowledge.errors import DatasetNotFound
from homeport.features.knowledge.tables import Dataset, ProcessRule

#: Built once; the ids are filled in.
_SEVERAL = select(Dataset).where(
    Dataset.id.in_(bindparam("ids", expanding=True)), Dataset.workspace_id == bindparam("workspace")
)


async def changed(session: AsyncSession, statement: Any, values: dict[str, Any] | None = None) -> int:
    """Rows an UPDATE or DELETE found. Objects of the session are not brought up to date: looking for them is slow."""
    done = await session.execute(statement, values, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", done).rowcount


def only_ids(given: Iterable[str]) -> list[str]:
    """Those of the texts that can be ids at all, in their usual form; a database refuses the others."""
    found = []
    for text in given:
        with contextlib.suppress(ValueError):
            found.append(str(UUID(text)))
    return found


async def get_dataset(session: AsyncSession, workspace_id: str, dataset_id: str, *, lock: bool = False) -> Dataset:
    """A dataset of the workspace; raises `DatasetNotFound`. `lock`: nobody else changes it until the commit."""
    query = select(Dataset).where(Dataset.id == dataset_id, Dataset.workspace_id == workspace_id)
    if lock:
        query = query.with_for_update()
    dataset = (await session.execute(query)).scalar_one_or_none()
    if dataset is None:
        raise DatasetNotFound
    return dataset


async def get_datasets(session: AsyncSession, workspace_id: str, dataset_ids: Sequence[str]) -> list[Dataset]:
    """Those of the datasets that are the workspace's, in one statement."""
    values = {"ids": only_ids(dataset_ids), "workspace": workspace_id}
    return list((await session.execute(_SEVERAL, values)).scalars())


async def list_datasets(
    session: AsyncSession, workspace_id: str, *, page: int, limit: int, keyword: str = ""
) -> tuple[list[Dataset], int]:
    """One page, newest first, and how many there are in all: one statement."""
    wanted = [Dataset.workspace_id == workspace_id]
    if keyword:
        wanted.append(Dataset.name.icontains(keyword, autoescape=True))
    query = (
        select(Dataset, func.count().over().label("total"))
        .where(*wanted)
        .order_by(Dataset.created_at.desc(), Dataset.id.desc())
    )
    rows = (await session.execute(query.limit(limit).offset((page - 1) * limit))).all()
    if rows or page == 1:
        return [row[0] for row in rows], rows[0].total if rows else 0
    return [], (await session.execute(select(func.count()).select_from(Dataset).where(*wanted))).scalar_one()


async def name_taken(session: AsyncSession, workspace_id: str, name: str) -> bool:
    """Whether the workspace has a dataset of this name."""
    query = select(Dataset.id).where(Dataset.workspace_id == workspace_id, Dataset.name == name)
    return (await session.execute(query)).first() is not None


async def add_counts(
    session: AsyncSession,
    dataset_id: str,
    *conditions: Any,
    documents: int = 0,
    available: int = 0,
    withheld: int = 0,
    words: int = 0,
    **values: Any,
) -> bool:
    """Change counters, and `values` with them; False when there is no such dataset or a condition does not hold."""
    counted = {
        Dataset.document_count: documents,
        Dataset.available_document_count: available,
        Dataset.withheld_document_count: withheld,
        Dataset.word_count: words,
    }
    values |= {column.key: column + delta for column, delta in counted.items() if delta}
    values.setdefault("updated_at", Dataset.updated_at)
    return await changed(session, update(Dataset).where(Dataset.id == dataset_id, *conditions).values(values)) == 1


async def get_rule(session: AsyncSession, rule_id: str) -> ProcessRule | None:
    """A rule by its id."""
    return await session.get(ProcessRule, rule_id)


async def latest_rule(session: AsyncSession, dataset_id: str) -> ProcessRule | None:
    """The rule the newest documents of the dataset were cut by."""
    query = select(ProcessRule).where(ProcessRule.dataset_id == dataset_id)
    newest = query.order_by(ProcessRule.created_at.desc(), ProcessRule.id.desc()).limit(1)
    return (await session.execute(newest)).scalar_one_or_none()


async def author_names(session: AsyncSession, account_ids: Iterable[str]) -> dict[str, str]:
    """Names of accounts by id, in one statement."""
    rows = await session.execute(select(Account.id, Account.name).where(Account.id.in_(set(account_ids))))
    return {row.id: row.name for row in rows}
