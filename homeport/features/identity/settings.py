"""How people log in, and the key everything secret rests on."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, field_validator

from homeport.runtime.config.section import Section

#: Keys printed in public sample configurations: everybody knows them.
_PUBLISHED_KEYS = frozenset({"sk-9f73s3ljTXVcMT3Blb3ljTqtsKiGHXVcMT3BlbkFJLK7U"})


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
    access_token_expire_minutes: PositiveInt = Field(
        60, description="Minutes without a request after which a session that is not remembered ends."
    )
    refresh_token_expire_days: PositiveFloat = Field(
        30, description="Days without a request after which a remembered session ends."
    )
    login_lockout_duration: PositiveInt = Field(
        900, description="Seconds in which five wrong passwords for an email from one address stop further attempts."
    )
    cookie_domain: str = Field("", description="Domain of the login cookies; empty: exactly the host that was asked.")
    console_web_url: str = Field(
        "", description="Public root of the console; with https the login cookies are sent over https only."
    )

    @field_validator("secret_key")
    @classmethod
    def _not_published(cls, key: SecretStr) -> SecretStr:
        if key.get_secret_value() in _PUBLISHED_KEYS:
            raise ValueError(
                "this key is printed in public sample files, so everybody knows it; "
                "make an own one with: openssl rand -base64 42"
            )
        return key
