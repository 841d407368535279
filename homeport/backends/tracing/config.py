"""What a person enters for one service: the base of every driver's own fields."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, StringConstraints, model_validator

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_LONGEST_SECRET = 2000


class ServiceConfig(BaseModel):
    """Address and keys. Unknown fields are dropped: an existing client may send more than this version knows."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    #: The field that says where the service is. When it changes, keys must be entered again.
    address_field: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _blank_is_absent(cls, values: Any) -> Any:
        return {name: value for name, value in values.items() if value not in ("", None)}

    @property
    def address(self) -> str:
        """Where the service is, without a slash at the end."""
        return str(getattr(self, self.address_field))

    @classmethod
    def secret_fields(cls) -> tuple[str, ...]:
        """The fields that are shown to nobody and kept under seal."""
        return tuple(name for name, field in cls.model_fields.items() if field.annotation in (SecretStr, _OPTIONAL))

    @classmethod
    def plain_fields(cls) -> tuple[str, ...]:
        """All other fields."""
        return tuple(name for name in cls.model_fields if name not in cls.secret_fields())

    def secrets(self) -> dict[str, str]:
        """The secrets that are set, by field."""
        found = {name: getattr(self, name) for name in self.secret_fields()}
        return {name: secret.get_secret_value() for name, secret in found.items() if secret is not None}


def _fit_for_a_header(secret: SecretStr | None) -> SecretStr | None:
    if secret is None:
        return None
    text = secret.get_secret_value().strip()
    if not _PRINTABLE.fullmatch(text) or len(text) > _LONGEST_SECRET:
        raise ValueError("accepted are printable characters of ASCII without blanks")
    return SecretStr(text)


_OPTIONAL = SecretStr | None
#: A key that must be given.
Secret = Annotated[SecretStr, AfterValidator(_fit_for_a_header)]
#: A key that may be left out, for installations that ask for none.
OptionalSecret = Annotated[SecretStr | None, AfterValidator(_fit_for_a_header)]
#: An http or https address.
Address = Annotated[
    str,
    StringConstraints(max_length=500, pattern=r"^https?://[^\s?#]+$"),
    AfterValidator(lambda text: text.rstrip("/")),
]
#: A name, such as a project's.
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
#: A name that is sent as a header.
HeaderName = Annotated[
    str, StringConstraints(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$")
]
