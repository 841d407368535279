"""Settings of a process as a whole: where it keeps data, where it listens, what it is for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt

from homeport.runtime.config.section import CommaSeparated, PublicAddress, Section

Mode = Literal["api", "worker", "beat", "migration"]


class DeploymentSettings(Section):
    """One process: its data directory, address and role."""

    homeport_data_dir: Path = Field(Path("data"), description="Directory of everything the embedded defaults keep.")
    mode: Mode | None = Field(None, description="What `homeport serve` does: api, worker, beat or migration.")
    migration_enabled: bool = Field(True, description="Migrate the database before a process starts.")
    dify_bind_address: str = Field("0.0.0.0", description="Listen address of the API in a container.")  # noqa: S104
    dify_port: PositiveInt = Field(5001, description="Listen port of the API.")
    server_worker_amount: PositiveInt = Field(1, description="API processes under gunicorn.")
    server_worker_class: str | None = Field(
        None, description="Accepted for compatibility; the API's processes are always asynchronous."
    )
    gunicorn_timeout: PositiveInt = Field(360, description="Seconds before a silent API process is replaced.")
    deploy_env: str = Field("PRODUCTION", description="PRODUCTION or TESTING; shown in the header X-Env.")
    console_cors_allow_origins: CommaSeparated = Field(
        (), description="Other origins whose pages may call the console API, such as https://console.example.org."
    )
    service_api_url: PublicAddress = Field("", description="Public root of the Service API, shown in the console.")
    commit_sha: str = Field("", description="The commit this was built from; shown by /health.")
