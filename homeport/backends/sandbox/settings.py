"""Where the sandbox is, how patient to be with it, and what code may give back."""

from __future__ import annotations

from pydantic import Field, SecretStr

from homeport.runtime.config.section import Section

_INT64 = 2**63


class SandboxSettings(Section):
    """The sandbox service, as it is reached from here."""

    code_execution_endpoint: str | None = Field(
        None,
        pattern="^https?://",
        description="Address of the sandbox service. Unset, one of our own is started when code is first run.",
    )
    code_execution_api_key: SecretStr = Field(
        SecretStr(""), description="Key of the sandbox service; needed with CODE_EXECUTION_ENDPOINT."
    )
    code_execution_ssl_verify: bool = Field(True, description="Check the certificate of an https sandbox.")
    code_execution_connect_timeout: float | None = Field(
        10.0, gt=0, description="Seconds to wait for a connection to the sandbox."
    )
    code_execution_read_timeout: float | None = Field(
        60.0, gt=0, description="Seconds to wait for the end of the code, waiting for a worker included."
    )
    code_execution_write_timeout: float | None = Field(10.0, gt=0, description="Seconds to wait while sending code.")
    code_execution_pool_max_connections: int = Field(100, gt=0, description="Connections to the sandbox at most.")
    code_execution_pool_max_keepalive_connections: int = Field(
        20, gt=0, description="Unused connections to the sandbox that are kept."
    )
    code_execution_pool_keepalive_expiry: float | None = Field(
        5.0, gt=0, description="Seconds for which an unused connection is kept."
    )
    code_max_number: int = Field(_INT64 - 1, gt=0, description="Largest number that code may give back.")
    code_min_number: int = Field(1 - _INT64, lt=0, description="Smallest number that code may give back.")
    code_max_precision: int = Field(20, gt=0, description="Most decimal places of a number that code gives back.")
    code_max_depth: int = Field(5, gt=0, description="Deepest nesting of what code gives back.")
    code_max_string_length: int = Field(400_000, gt=0, description="Longest text that code may give back, characters.")
    code_max_string_array_length: int = Field(30, gt=0, description="Most texts in a list that code gives back.")
    code_max_object_array_length: int = Field(30, gt=0, description="Most objects in a list that code gives back.")
    code_max_number_array_length: int = Field(1000, gt=0, description="Most numbers in a list that code gives back.")
