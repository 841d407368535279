"""What a driver says of itself without loading its library."""

from __future__ import annotations

from dataclasses import dataclass

from homeport.backends.mail.choice import MailChoice


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """The constant `SPEC` in a driver's `spec.py`."""

    #: The value of MAIL_TYPE that chooses it.
    name: str
    #: Its own settings; `open_driver` gets an instance of it.
    settings: type[MailChoice]
