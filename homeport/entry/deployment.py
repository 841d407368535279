"""Settings of a process as a whole: where it keeps data, where it listens, what it is for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, field_validator

from homeport.runtime.config.section import CommaSeparated, NoEffect, PublicAddress, Section

Mode = Literal["api", "worker", "beat", "migration"]

#: What SERVER_WORKER_CLASS may say. The API is asynchronous, so all of them come to the same.
WORKER_CLASSES = (
    "uvicorn",
    "gevent",
    "sync",
    "gthread",
    "eventlet",
    "solo",
    "uvicorn_worker.UvicornWorker",
    "uvicorn.workers.UvicornWorker",
    "geventwebsocket.gunicorn.workers.GeventWebSocketWorker",
)
#: Seconds that answers and jobs get by default when a process is asked to stop.
GRACE_SECONDS = 10


class DeploymentSettings(Section):
    """One process: its data directory, address and role."""

    homeport_data_dir: Path = Field(Path("data"), description="Directory of everything the embedded defaults keep.")
    mode: Mode | None = Field(None, description="What `homeport serve` does: api, worker, beat or migration.")
    migration_enabled: bool = Field(True, description="Migrate the database before a process starts.")
    dify_bind_address: str = Field("0.0.0.0", description="Listen address of the API in a container.")  # noqa: S104
    dify_port: PositiveInt = Field(5001, description="Listen port of the API.")
    server_worker_amount: PositiveInt = Field(1, description="API processes under gunicorn.")
    server_worker_class: Annotated[str | None, NoEffect("the API's processes are always asynchronous")] = Field(
        None, description="Kind of the API's processes under gunicorn."
    )
    server_worker_connections: PositiveInt | None = Field(
        None, description="Requests an API process works on at a time, others wait; no limit when it is not set."
    )
    gunicorn_timeout: PositiveInt = Field(360, description="Seconds before a silent API process is replaced.")
    homeport_stop_seconds: PositiveInt = Field(
        GRACE_SECONDS, description="Seconds that answers and jobs get when a process of a fleet is asked to stop."
    )
    deploy_env: str = Field("PRODUCTION", description="PRODUCTION or TESTING; shown in the header X-Env.")
    console_cors_allow_origins: CommaSeparated = Field(
        (), description="Other origins whose pages may call the console API, such as https://console.example.org."
    )
    service_api_url: PublicAddress = Field("", description="Public root of the Service API, shown in the console.")
    commit_sha: str = Field("", description="The commit this was built from; shown by /health.")

    @field_validator("mode", mode="before")
    @classmethod
    def _job_is_a_command(cls, value: Any) -> Any:
        if value == "job":
            raise ValueError(
                "one command is run by giving it as arguments, such as `homeport upgrade-db`; "
                "accepted is api, worker, beat or migration"
            )
        return value

    @field_validator("server_worker_class")
    @classmethod
    def _class_is_known(cls, value: str | None) -> str | None:
        if value is not None and value not in WORKER_CLASSES:
            raise ValueError(f"accepted is {', '.join(WORKER_CLASSES[:6])}, all of which mean uvicorn here")
        return value
