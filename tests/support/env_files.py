"""`.env` files that people deploy, and what has to come of them."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Stands for every secret: it must never be seen where secrets are not asked for.
HIDDEN = "Hidden-from-everybody-1"
_ALWAYS = frozenset({"api", "worker", "worker_beat", "web", "sandbox", "ssrf_proxy", "nginx"})


@dataclass(frozen=True)
class EnvFile:
    """One `.env`; the sets hold what comes beside the parts that are always there."""

    name: str
    text: str
    compose: frozenset[str]
    #: StatefulSets, and the volume of uploaded files.
    kubernetes: frozenset[str]
    fleet: bool = False
    #: Words that are in the Kubernetes settings.
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def services(self) -> frozenset[str]:
        """Every service of Compose."""
        return self.compose | _ALWAYS


def _env(name: str, text: str, compose: str, kubernetes: str, *, fleet: bool = False, **settings: str) -> EnvFile:
    return EnvFile(name, text, frozenset(compose.split()), frozenset(kubernetes.split()), fleet, settings)


ENV_FILES = [
    _env(
        "hardly anything",
        f"SECRET_KEY={HIDDEN}\n",
        "init_permissions db_postgres redis pgvector",
        "postgres redis storage",
        DB_HOST="postgres",
        VECTOR_STORE="pgvector",
    ),
    _env(
        "mysql and qdrant",
        f"DB_TYPE=mysql\nDB_PASSWORD={HIDDEN}\nVECTOR_STORE=qdrant\nQDRANT_API_KEY={HIDDEN}\nQDRANT_URL=http://qdrant:6333\n",
        "init_permissions db_mysql redis qdrant",
        "mysql redis qdrant storage",
        DB_HOST="mysql",
        DB_USERNAME="root",
        QDRANT_URL="http://qdrant:6333",
    ),
    _env(
        "everything elsewhere",
        f"""DB_HOST=db.example.net
DB_USERNAME=port
DB_PASSWORD='{HIDDEN}'
SECRET_KEY="{HIDDEN}"
CELERY_BROKER_URL=rediss://:{HIDDEN}@redis.example.net:6380/1
REDIS_HOST=redis.example.net
VECTOR_STORE=pgvector
PGVECTOR_HOST=db.example.net
PGVECTOR_USER=port
PGVECTOR_PASSWORD={HIDDEN}
STORAGE_TYPE=s3
S3_BUCKET_NAME=files
S3_ACCESS_KEY={HIDDEN}
S3_SECRET_KEY={HIDDEN}
CONSOLE_WEB_URL=https://port.example.net
OPENAI_API_KEY={HIDDEN}
OPENAI_API_BASE=https://{HIDDEN}:x@models.example.net/v1
SOMETHING_ELSE_TOKEN={HIDDEN}
SANDBOX_API_KEY={HIDDEN}
""",
        "",
        "",
        fleet=True,
        DB_HOST="db.example.net",
        DB_USERNAME="port",
        S3_BUCKET_NAME="files",
        CONSOLE_WEB_URL="https://port.example.net",
    ),
    _env(
        "a store elsewhere",
        f"VECTOR_STORE=milvus\nMILVUS_URI=https://milvus.example.net\nMILVUS_TOKEN={HIDDEN}\nHOMEPORT_VERSION=0.1.0\n",
        "init_permissions db_postgres redis",
        "postgres redis storage",
        VECTOR_STORE="milvus",
        MILVUS_URI="https://milvus.example.net",
    ),
    _env(
        "weaviate and an own name of the database",
        f"VECTOR_STORE=weaviate\nWEAVIATE_API_KEY={HIDDEN}\nDB_DATABASE=console\nDB_USERNAME=console\nREDIS_PASSWORD={HIDDEN}\n",
        "init_permissions db_postgres redis weaviate",
        "postgres redis weaviate storage",
        WEAVIATE_ENDPOINT="http://weaviate:8080",
        DB_DATABASE="console",
        DB_USERNAME="console",
    ),
    _env(
        "as written for compose",
        f"""COMPOSE_PROFILES=pgvector,postgresql
DB_TYPE=postgresql
DB_HOST=db_postgres
DB_DATABASE=dify
CELERY_BROKER_URL=redis://:{HIDDEN}@redis:6379/1
REDIS_HOST=redis
PGVECTOR_HOST=pgvector
SSRF_PROXY_HTTP_URL=http://ssrf_proxy:3128
EXPOSE_NGINX_PORT=8080
NGINX_CLIENT_MAX_BODY_SIZE=200M
MODE=api
LOG_LEVEL=DEBUG
INIT_PASSWORD={HIDDEN}
""",
        "init_permissions db_postgres redis pgvector",
        "postgres redis storage",
        fleet=True,
        DB_HOST="postgres",
        PGVECTOR_HOST="postgres",
        PGVECTOR_DATABASE="dify",
        SSRF_PROXY_HTTP_URL="http://ssrf-proxy:3128",
        LOG_LEVEL="DEBUG",
    ),
]

#: `.env`, the form that is refused, and words of the sentence that says why.
REFUSED = [
    ("DB_TYPE=sqlite\n", "compose", "DB_TYPE is 'sqlite'"),
    ("VECTOR_STORE=sqlite\n", "compose", "VECTOR_STORE is 'sqlite'"),
    ("VECTOR_STORE=memory\n", "kubernetes", "VECTOR_STORE is 'memory'"),
    (f"DB_HOST=localhost\nDB_PASSWORD={HIDDEN}\n", "kubernetes", "DB_HOST names the host localhost"),
    (
        f"CELERY_BROKER_URL=redis://:{HIDDEN}@127.0.0.1:6379/1\n",
        "compose",
        "CELERY_BROKER_URL names the host 127.0.0.1",
    ),
    ("VECTOR_STORE=milvus\n", "kubernetes", "Set MILVUS_URI to where one runs"),
    ("DB_TYPE=mysql\n", "kubernetes", "Set PGVECTOR_HOST"),
    ("OPENDAL_SCHEME=memory\n", "kubernetes", "OPENDAL_SCHEME is 'memory'"),
    ("CONSOLE_WEB_URL=https://example.net/homeport\n", "kubernetes", "the path '/homeport'"),
]
