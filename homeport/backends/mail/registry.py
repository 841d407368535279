"""Find the chosen driver and load it."""

from __future__ import annotations

from typing import Protocol, cast

from homeport.backends.mail import drivers
from homeport.backends.mail.choice import MailChoice
from homeport.backends.mail.discover import find_specs
from homeport.backends.mail.errors import Misconfigured
from homeport.backends.mail.port import Mailer
from homeport.backends.mail.settings import MailSettings
from homeport.runtime.drivers.find import load_driver


class DriverModule(Protocol):
    """What the `driver.py` of every driver offers."""

    async def open_driver(self, settings: MailChoice) -> Mailer:
        """The driver; it opens no connection before it is used. Raises `Misconfigured`."""
        ...


async def open_mailer(settings: MailSettings) -> Mailer | None:
    """The way MAIL_TYPE chooses; None when it is empty: nothing is sent then. Raises `Misconfigured`."""
    if settings.mail_type is None:
        return None
    for folder, spec in find_specs().items():
        if spec.name == settings.mail_type:
            assert isinstance(settings, spec.settings)
            loaded = load_driver(drivers, folder, what=f"Mail by {spec.name}", extra=None, error=Misconfigured)
            return await cast("DriverModule", loaded).open_driver(settings)
    accepted = ", ".join(sorted(spec.name for spec in find_specs().values()))
    raise Misconfigured(
        f"MAIL_TYPE is {settings.mail_type!r}; accepted are {accepted}, and nothing for no mail.",
        hint="Change MAIL_TYPE.",
    )
