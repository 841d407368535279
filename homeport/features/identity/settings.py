"""How people log in, and the key everything secret rests on."""

from __future__ import annotations

from typing import Self

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, field_validator, model_validator

from homeport.runtime.config.section import PublicAddress, Section

#: Keys printed in public sample configurations: everybody knows them.
PUBLISHED_KEYS = frozenset({"sk-9f73s3ljTXVcMT3Blb3ljTqtsKiGHXVcMT3BlbkFJLK7U"})

#: The command that prints a new SECRET_KEY.
HOW_TO_MAKE_ONE = "openssl rand -base64 42"


class IdentitySettings(Section):
    """Sessions, passwords and the master key."""

    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Signs file links and seals stored secrets; must stay constant. Empty: made once, kept in the data "
        "directory.",
    )
    init_password: SecretStr = Field(
        SecretStr(""),
        max_length=30,
        description="Asked before the first administrator can be created; empty: not asked.",
    )
    admin_api_key_enable: bool = Field(
        False, description="Let programs with ADMIN_API_KEY call the console API as the owner of any workspace."
    )
    admin_api_key: SecretStr | None = Field(
        None, description="Sent as bearer token, with the id of a workspace in the header X-WORKSPACE-ID."
    )
    access_token_expire_minutes: PositiveInt = Field(
        60, description="Minutes without a request after which a session that is not remembered ends."
    )
    refresh_token_expire_days: PositiveFloat = Field(
        30, description="Days without a request after which a remembered session ends."
    )
    login_lockout_duration: PositiveInt = Field(
        86400, description="Seconds in which five wrong passwords for an email from one address stop further attempts."
    )
    cookie_domain: str = Field("", description="Domain of the login cookies; empty: exactly the host that was asked.")
    cookie_path: str = Field(
        "",
        pattern="^/",
        description="Path of the login cookies; empty: that of CONSOLE_WEB_URL, if the API is there.",
    )
    console_web_url: PublicAddress = Field(
        "", description="Public root of the console; with https the login cookies are sent over https only."
    )

    @model_validator(mode="after")
    def _key_with_its_switch(self) -> Self:
        if self.admin_api_key_enable and self.admin_api_key is None:
            raise ValueError(
                f"ADMIN_API_KEY_ENABLE is true, so ADMIN_API_KEY is needed; make one with: {HOW_TO_MAKE_ONE}"
            )
        return self

    @field_validator("secret_key")
    @classmethod
    def _not_published(cls, key: SecretStr) -> SecretStr:
        if key.get_secret_value() in PUBLISHED_KEYS:
            raise ValueError(
                "this key is printed in public sample files, so everybody knows it; "
                f"make an own one with: {HOW_TO_MAKE_ONE}"
            )
        return key
