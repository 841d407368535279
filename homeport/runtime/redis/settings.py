"""Which Redis, and how to speak to it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveFloat, PositiveInt, SecretStr, ValidationInfo
from pydantic.functional_validators import field_validator

from homeport.runtime.config.section import NoEffect, Section
from homeport.runtime.redis.addresses import Address, addresses

Kind = Literal["standalone", "sentinel", "cluster"]
Check = Literal["CERT_NONE", "CERT_OPTIONAL", "CERT_REQUIRED"]


def _established_name(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    upper = value.upper()
    return upper if upper.startswith("CERT_") else f"CERT_{upper}"


class RedisSettings(Section):
    """Redis beside the broker. It is used when `REDIS_HOST` is set, or Sentinels or a cluster are switched on."""

    redis_host: str = Field("", description="Host of Redis; without it no Redis is used.")
    redis_port: PositiveInt = Field(6379, description="Port of Redis.")
    redis_username: str | None = Field(None, description="User of Redis, where it has access lists.")
    redis_password: SecretStr | None = Field(None, description="Password of Redis.")
    redis_db: NonNegativeInt = Field(0, description="Number of the database; a cluster has only 0.")
    redis_use_ssl: bool = Field(False, description="Speak TLS to Redis.")
    redis_ssl_cert_reqs: Annotated[Check, BeforeValidator(_established_name)] = Field(
        "CERT_NONE",
        description="CERT_REQUIRED checks the server's certificate and name, CERT_OPTIONAL the certificate alone.",
    )
    redis_ssl_ca_certs: str | None = Field(None, description="File of the authorities to trust; the system's if empty.")
    redis_ssl_certfile: str | None = Field(None, description="File of the certificate to show to Redis.")
    redis_ssl_keyfile: str | None = Field(None, description="File of that certificate's key.")
    redis_sentinels: Annotated[tuple[Address, ...], BeforeValidator(addresses(26379))] = Field(
        (), description="Sentinels as host:port, separated by commas."
    )
    redis_sentinel_service_name: str | None = Field(None, description="The Sentinels' name of the master.")
    redis_use_sentinel: bool = Field(False, description="Ask Sentinels which server is the master.")
    redis_sentinel_username: str | None = Field(None, description="User of the Sentinels.")
    redis_sentinel_password: SecretStr | None = Field(None, description="Password of the Sentinels.")
    redis_sentinel_socket_timeout: PositiveFloat = Field(0.1, description="Seconds to wait for a Sentinel.")
    redis_sentinel_use_ssl: bool = Field(False, description="Speak TLS to the Sentinels too, as REDIS_SSL_* say.")
    redis_clusters: Annotated[tuple[Address, ...], BeforeValidator(addresses(6379))] = Field(
        (), description="Nodes of a cluster as host:port, separated by commas; one is enough to find the others."
    )
    redis_use_clusters: bool = Field(False, description="Redis is a cluster.")
    redis_clusters_password: SecretStr | None = Field(None, description="Password of the cluster's nodes.")
    redis_serialization_protocol: int = Field(3, ge=2, le=3, description="RESP version: 3, or 2 for Redis before 6.")
    redis_enable_client_side_cache: Annotated[bool, NoEffect("the asynchronous client keeps no local copies")] = Field(
        False, description="Keep what was read from Redis in the memory of the process."
    )

    @field_validator("redis_use_sentinel")
    @classmethod
    def _sentinels_are_named(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("redis_sentinels") == ():
            raise ValueError("it needs REDIS_SENTINELS, such as sentinel-1:26379,sentinel-2:26379")
        if value and not info.data.get("redis_sentinel_service_name"):
            raise ValueError("it needs REDIS_SENTINEL_SERVICE_NAME, the Sentinels' name of the master")
        return value

    @field_validator("redis_use_clusters")
    @classmethod
    def _nodes_are_named(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("redis_use_sentinel"):
            raise ValueError("accepted is false while REDIS_USE_SENTINEL is true; choose one of the two")
        if value and info.data.get("redis_clusters") == ():
            raise ValueError("it needs REDIS_CLUSTERS, such as redis-1:6379,redis-2:6379")
        return value

    @field_validator("redis_enable_client_side_cache")
    @classmethod
    def _cache_needs_pushes(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("redis_serialization_protocol") == 2:
            raise ValueError("it needs REDIS_SERIALIZATION_PROTOCOL=3")
        return value

    @property
    def kind(self) -> Kind | None:
        """What is to be opened; None for nothing."""
        if self.redis_use_sentinel:
            return "sentinel"
        if self.redis_use_clusters:
            return "cluster"
        return "standalone" if self.redis_host else None

    @property
    def first_addresses(self) -> tuple[Address, ...]:
        """Whom to ask first: the server, the Sentinels or the nodes that are named."""
        if self.kind == "sentinel":
            return self.redis_sentinels
        if self.kind == "cluster":
            return self.redis_clusters
        return (Address(self.redis_host, self.redis_port),) if self.redis_host else ()

    @property
    def password(self) -> str | None:
        """The password of the servers that hold the data."""
        secret = self.redis_clusters_password if self.kind == "cluster" else self.redis_password
        return secret.get_secret_value() if secret else None

    @property
    def certificates(self) -> dict[str, Any]:
        """How to check and show certificates, in the words of the client library (and of the broker's)."""
        return {
            "ssl_cert_reqs": self.redis_ssl_cert_reqs.removeprefix("CERT_").lower(),
            "ssl_check_hostname": self.redis_ssl_cert_reqs == "CERT_REQUIRED",
            "ssl_ca_certs": self.redis_ssl_ca_certs,
            "ssl_certfile": self.redis_ssl_certfile,
            "ssl_keyfile": self.redis_ssl_keyfile,
        }
