"""Secrets that are printed in public sample files: whoever reads those files knows them.

A published SECRET_KEY is refused with the settings. The others guard services that are often reached from inside a
private network only, and an existing `.env` may have them: they are told in the log at each start, and by
`homeport config check`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog

from homeport.runtime.config.sources import Sources

log = structlog.get_logger(__name__)

_SAMPLE = "difyai123456"
_PLUGIN_KEYS = frozenset({"lYkiYYT6owG+71oLerGzA7GXCgOT++6ovaezWAjpCjf+Sjc3ZtU+qUEi", "plugin-api-key"})
_INNER_KEYS = frozenset({"QaHbTe77CtuXmsfyhR7+vRjI/+XbV1AaFy691iy+kGDv2Jvy0/eAh8Y1", "inner-api-key"})
_SANDBOX_KEYS = frozenset({"dify-sandbox"})
_WEAVIATE_KEYS = frozenset({"WVF5YThaHlkYwhGUSmCRgsX3tD5ngdN8pkih"})


@dataclass(frozen=True, slots=True)
class _Published:
    """A variable, what sample files have for it, and the choice without which nothing asks for it."""

    variable: str
    values: frozenset[str]
    #: Variable and the value it must have, any value where that is empty; None: always.
    chosen: tuple[str, str] | None = None


def _store(variable: str, store: str, *values: str) -> _Published:
    return _Published(variable, frozenset(values), ("VECTOR_STORE", store))


_PUBLISHED = (
    _Published("DB_PASSWORD", frozenset({_SAMPLE}), ("DB_TYPE", "")),
    _Published("DB_PASSWORD", frozenset({_SAMPLE}), ("DB_HOST", "")),
    _Published("REDIS_PASSWORD", frozenset({_SAMPLE})),
    _Published("PLUGIN_DAEMON_KEY", _PLUGIN_KEYS),
    _Published("PLUGIN_DIFY_INNER_API_KEY", _INNER_KEYS),
    _Published("INNER_API_KEY_FOR_PLUGIN", _INNER_KEYS),
    _Published("CODE_EXECUTION_API_KEY", _SANDBOX_KEYS),
    _Published("SANDBOX_API_KEY", _SANDBOX_KEYS),
    _store("WEAVIATE_API_KEY", "weaviate", *_WEAVIATE_KEYS),
    _store("WEAVIATE_AUTHENTICATION_APIKEY_ALLOWED_KEYS", "weaviate", *_WEAVIATE_KEYS),
    _store("QDRANT_API_KEY", "qdrant", _SAMPLE),
    _store("PGVECTOR_PASSWORD", "pgvector", _SAMPLE, "postgres"),
    _store("PGVECTO_RS_PASSWORD", "pgvecto-rs", _SAMPLE),
    _store("CHROMA_AUTH_CREDENTIALS", "chroma", _SAMPLE),
    _store("CHROMA_SERVER_AUTHN_CREDENTIALS", "chroma", _SAMPLE),
    _store("MILVUS_PASSWORD", "milvus", "Milvus"),
    _store("ELASTICSEARCH_PASSWORD", "elasticsearch", "elastic"),
    _store("ELASTICSEARCH_PASSWORD", "elasticsearch-ja", "elastic"),
    _store("OPENSEARCH_PASSWORD", "opensearch", "admin", "Qazwsxedc!@#123"),
    _store("OPENSEARCH_INITIAL_ADMIN_PASSWORD", "opensearch", "Qazwsxedc!@#123"),
    _store("OCEANBASE_VECTOR_PASSWORD", "oceanbase", _SAMPLE),
    _store("OPENGAUSS_PASSWORD", "opengauss", "Dify@123"),
    _store("VASTBASE_PASSWORD", "vastbase", "Difyai123456"),
    _store("RELYT_PASSWORD", "relyt", _SAMPLE, "postgres"),
    _store("COUCHBASE_PASSWORD", "couchbase", "password"),
    _store("MATRIXONE_PASSWORD", "matrixone", "111"),
    _store("ORACLE_PASSWORD", "oracle", "dify"),
    _store("IRIS_PASSWORD", "iris", "Dify@1234"),
    _store("LINDORM_PASSWORD", "lindorm", "admin"),
    _store("HUAWEI_CLOUD_PASSWORD", "huawei_cloud", "admin"),
    _store("ALIBABACLOUD_MYSQL_PASSWORD", "alibabacloud_mysql", _SAMPLE, "root"),
)
#: Addresses that may carry a password.
ADDRESSES = ("CELERY_BROKER_URL",)


def find_published(sources: Sources) -> list[str]:
    """The variables that are set to a published secret and asked for, in a fixed order."""
    read = _reader(sources)
    found = [one.variable for one in _PUBLISHED if read(one.variable) in one.values and _is_chosen(one.chosen, read)]
    found += [name for name in ADDRESSES if _password_of(read(name)) == _SAMPLE]
    return list(dict.fromkeys(found))


def warn_of_published(sources: Sources | None = None) -> None:
    """Say in the log which published secrets guard this installation; by default those a process would read."""
    found = find_published(sources or Sources(env_file=Path(".env")))
    if found:
        log.warning("secrets are in use that are printed in public sample files; change them", variables=found)


def _reader(sources: Sources) -> Callable[[str], str]:
    def read(name: str) -> str:
        try:
            value = sources.get(name)
        except (OSError, UnicodeDecodeError):  # a secret file that cannot be read; who needs it says so
            return ""
        return "" if value is None else value.text.strip()

    return read


def _is_chosen(chosen: tuple[str, str] | None, read: Callable[[str], str]) -> bool:
    if chosen is None:
        return True
    variable, wanted = chosen
    return read(variable) == wanted if wanted else bool(read(variable))


def _password_of(address: str) -> str:
    try:
        return unquote(urlsplit(address).password or "")
    except ValueError:
        return ""
