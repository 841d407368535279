"""Every query of this slice."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.providers.known_workspaces import ModelRef
from homeport.features.providers.tables import DefaultModel, ProviderAccount


async def list_accounts(session: AsyncSession, workspace_id: str) -> Sequence[ProviderAccount]:
    """The accounts of a workspace, by provider."""
    query = select(ProviderAccount).where(ProviderAccount.workspace_id == workspace_id)
    return (await session.execute(query.order_by(ProviderAccount.provider))).scalars().all()


async def find_account(session: AsyncSession, workspace_id: str, provider: str) -> ProviderAccount | None:
    """The workspace's account at a provider."""
    query = select(ProviderAccount).where(
        ProviderAccount.workspace_id == workspace_id, ProviderAccount.provider == provider
    )
    return (await session.execute(query)).scalar_one_or_none()


async def list_defaults(session: AsyncSession, workspace_id: str) -> Sequence[DefaultModel]:
    """The preferred models of a workspace."""
    return (
        (await session.execute(select(DefaultModel).where(DefaultModel.workspace_id == workspace_id))).scalars().all()
    )


async def set_default(session: AsyncSession, workspace_id: str, model_type: str, ref: ModelRef | None) -> None:
    """Prefer a model for a type, or nothing."""
    await session.execute(
        delete(DefaultModel).where(DefaultModel.workspace_id == workspace_id, DefaultModel.model_type == model_type)
    )
    if ref is not None:
        session.add(
            DefaultModel(workspace_id=workspace_id, model_type=model_type, provider=ref.provider, model=ref.model)
        )


async def forget_provider(session: AsyncSession, workspace_id: str, provider: str) -> None:
    """Remove defaults that point to a provider."""
    await session.execute(
        delete(DefaultModel).where(DefaultModel.workspace_id == workspace_id, DefaultModel.provider == provider)
    )
