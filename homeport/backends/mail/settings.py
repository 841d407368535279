"""All settings of mail: the choice, and the sections of every driver found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeport.backends.mail.choice import MailChoice
from homeport.backends.mail.discover import find_specs
from homeport.runtime.drivers.find import every_section

if TYPE_CHECKING:
    _EveryDriver = MailChoice
else:
    _EveryDriver = every_section(MailChoice, (spec.settings for spec in find_specs().values()))


class MailSettings(_EveryDriver):
    """An instance is also an instance of each driver's own section, and is handed to the chosen driver as that."""
