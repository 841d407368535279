"""The one settings tree: every room's own section, read once per process."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from homeport.backends.llm.settings import LlmSettings
from homeport.backends.mail.settings import MailSettings
from homeport.backends.sandbox.settings import SandboxSettings
from homeport.backends.storage.settings import StorageSettings
from homeport.backends.vectors.settings import VectorSettings
from homeport.entry.deployment import DeploymentSettings
from homeport.features.chat.settings import ChatSettings
from homeport.features.files.settings import FilesSettings
from homeport.features.identity.settings import IdentitySettings
from homeport.features.knowledge.settings import KnowledgeSettings
from homeport.features.operate.settings import OperateSettings
from homeport.features.providers.settings import ProvidersSettings
from homeport.runtime.config.load import load
from homeport.runtime.config.sources import Sources
from homeport.runtime.db.settings import DatabaseSettings
from homeport.runtime.http.settings import HttpSettings
from homeport.runtime.offload.settings import OffloadSettings
from homeport.runtime.ops.settings import LoggingSettings
from homeport.runtime.ops.telemetry_settings import TelemetrySettings
from homeport.runtime.outbound.settings import OutboundSettings
from homeport.runtime.redis.settings import RedisSettings
from homeport.runtime.tasks.settings import CelerySettings


class Settings(BaseModel):
    """All sections of this process."""

    model_config = ConfigDict(frozen=True)

    deployment: DeploymentSettings
    http: HttpSettings
    logging: LoggingSettings
    telemetry: TelemetrySettings
    database: DatabaseSettings
    redis: RedisSettings
    celery: CelerySettings
    outbound: OutboundSettings
    offload: OffloadSettings
    storage: StorageSettings
    vectors: VectorSettings
    llm: LlmSettings
    mail: MailSettings
    sandbox: SandboxSettings
    identity: IdentitySettings
    files: FilesSettings
    providers: ProvidersSettings
    knowledge: KnowledgeSettings
    operate: OperateSettings
    chat: ChatSettings


def read_settings(sources: Sources | None = None) -> Settings:
    """Read `.env` of the current directory under the environment; raises `ConfigurationError` with every problem."""
    return load(Settings, sources or Sources(env_file=Path(".env")))
