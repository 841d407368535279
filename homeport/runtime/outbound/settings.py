"""How Homeport visits addresses given by users."""

from __future__ import annotations

from pydantic import Field, field_validator

from homeport.runtime.config.section import CommaSeparated, Section
from homeport.runtime.outbound.allow import read_allow_list


class OutboundSettings(Section):
    """Timeouts, connections, the proxy in front, and the private addresses that may be visited."""

    outbound_allow_private: CommaSeparated = Field(
        (), description="Private hosts that may be visited: host, host:port, address or network, separated by commas."
    )
    ssrf_proxy_all_url: str | None = Field(None, description="Proxy for every visit; stands before the two below.")
    ssrf_proxy_http_url: str | None = Field(None, description="Proxy for visits to http addresses.")
    ssrf_proxy_https_url: str | None = Field(None, description="Proxy for visits to https addresses.")
    ssrf_default_time_out: float = Field(5, gt=0, description="Seconds to wait for a free connection.")
    ssrf_default_connect_time_out: float = Field(5, gt=0, description="Seconds to find and reach the host.")
    ssrf_default_read_time_out: float = Field(5, gt=0, description="Seconds of silence accepted while reading.")
    ssrf_default_write_time_out: float = Field(5, gt=0, description="Seconds of silence accepted while writing.")
    ssrf_default_max_retries: int = Field(3, ge=0, description="Further attempts when the host cannot be reached.")
    ssrf_pool_max_connections: int = Field(100, gt=0, description="Connections open at once.")
    ssrf_pool_max_keepalive_connections: int = Field(20, gt=0, description="Idle connections kept.")
    ssrf_pool_keepalive_expiry: float | None = Field(5.0, gt=0, description="Seconds an idle connection is kept.")

    @field_validator("outbound_allow_private")
    @classmethod
    def _readable(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        read_allow_list(texts)
        return texts

    @field_validator("ssrf_proxy_all_url", "ssrf_proxy_http_url", "ssrf_proxy_https_url")
    @classmethod
    def _proxy(cls, address: str | None) -> str | None:
        if address is not None and not address.startswith(("http://", "https://")):
            raise ValueError("accepted is the address of a proxy, http://host:port")
        return address
