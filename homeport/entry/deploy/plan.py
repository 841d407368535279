"""Which parts a configuration needs: what runs beside the server, and what is elsewhere already."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from homeport.entry.deploy.errors import NotDeployable
from homeport.entry.deploy.read_env import DeployedEnv, host_of

#: Names under which the deployment files themselves know the servers.
_INSIDE = {"", "db_postgres", "db_mysql", "postgres", "mysql", "redis"}
_LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal"}  # noqa: S104 # recognised, not bound
#: Where a vector store is, by its name in VECTOR_STORE.
VECTOR_HOSTS = {
    "chroma": "CHROMA_HOST",
    "couchbase": "COUCHBASE_CONNECTION_STRING",
    "elasticsearch": "ELASTICSEARCH_HOST",
    "elasticsearch-ja": "ELASTICSEARCH_HOST",
    "iris": "IRIS_HOST",
    "matrixone": "MATRIXONE_HOST",
    "milvus": "MILVUS_URI",
    "myscale": "MYSCALE_HOST",
    "oceanbase": "OCEANBASE_VECTOR_HOST",
    "opengauss": "OPENGAUSS_HOST",
    "opensearch": "OPENSEARCH_HOST",
    "oracle": "ORACLE_DSN",
    "pgvecto-rs": "PGVECTO_RS_HOST",
    "pgvector": "PGVECTOR_HOST",
    "qdrant": "QDRANT_URL",
    "vastbase": "VASTBASE_HOST",
    "weaviate": "WEAVIATE_ENDPOINT",
}
_EMBEDDED_VECTORS = {"sqlite", "memory"}


@dataclass(frozen=True, slots=True)
class Plan:
    """The choice a `.env` makes, in the words of the deployment files."""

    #: postgresql or mysql.
    database: str
    database_inside: bool
    redis_inside: bool
    vectors: str
    vectors_inside: bool
    #: Files lie on a volume, not in an object storage.
    volume: bool


def plan_of(env: DeployedEnv) -> Plan:
    """What containers need. Raises `NotDeployable` with one sentence for what containers cannot have."""
    database = env.get("DB_TYPE", "postgresql")
    if database not in ("postgresql", "mysql"):
        raise NotDeployable(
            f"DB_TYPE is {database!r}; a deployment of several containers needs postgresql or mysql.",
            hint="Change DB_TYPE, or render systemd, where one process may use SQLite.",
        )
    vectors = env.get("VECTOR_STORE", "pgvector")
    if vectors in _EMBEDDED_VECTORS:
        raise NotDeployable(
            f"VECTOR_STORE is {vectors!r}, which one process alone may use.",
            hint="Set VECTOR_STORE to a store with a server of its own, such as pgvector.",
        )
    broker = "CELERY_BROKER_URL" if env.get("CELERY_BROKER_URL") else "REDIS_HOST"
    place = VECTOR_HOSTS.get(vectors)
    return Plan(
        database=database,
        database_inside=_is_inside(env, "DB_HOST", _INSIDE),
        redis_inside=_is_inside(env, broker, _INSIDE),
        vectors=vectors,
        vectors_inside=place is not None and _is_inside(env, place, {"", vectors, f"{vectors}-standalone"}),
        volume=is_on_disk(env),
    )


def is_on_disk(env: DeployedEnv) -> bool:
    """Whether uploaded files lie in a folder."""
    kind = env.get("STORAGE_TYPE", "opendal")
    return kind == "local" or (kind == "opendal" and env.get("OPENDAL_SCHEME", "fs") == "fs")


def stop_seconds(env: DeployedEnv) -> int:
    """HOMEPORT_STOP_SECONDS; 0 when it is not set, or not to a number."""
    text = env.get("HOMEPORT_STOP_SECONDS")
    return int(text) if text.isascii() and text.isdigit() else 0


def redis_password(env: DeployedEnv) -> str:
    """REDIS_PASSWORD, or the one in the broker's address."""
    try:
        return env.get("REDIS_PASSWORD") or unquote(urlsplit(env.get("CELERY_BROKER_URL")).password or "")
    except ValueError:
        return ""


def _is_inside(env: DeployedEnv, name: str, inside: set[str]) -> bool:
    host = host_of(env.get(name))
    if host in _LOOPBACK:
        # The value itself may hold a password.
        raise NotDeployable(
            f"{name} names the host {host}, which inside a container is the container itself.",
            hint=f"Leave {name} empty to have the server deployed too, or give the host's name on the network.",
        )
    return host in inside
